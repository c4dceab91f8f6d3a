// A W3bstream applet on the published SDK: counts events and remembers the count in the key-value store.
import { GetDataByRID, GetDB, Log, SetDB } from "@w3bstream/wasm-sdk/assembly";
import { Bytes } from "@w3bstream/wasm-sdk/assembly/database";

export { alloc } from "@w3bstream/wasm-sdk/assembly";

export function start(rid: i32): i32 {
  const stored = GetDB("events");
  const count = (stored == null ? 0 : Bytes.toInt32(stored)) + 1;
  SetDB("events", Bytes.fromInt32(count));
  Log("event " + count.toString() + ": " + GetDataByRID(rid));
  return count == 3 ? -1 : 0;
}
