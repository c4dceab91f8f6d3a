// An applet of the original AssemblyScript SDK that uses what it offers. Built with
// asc applet.ts -o applet.wasm -Oz --noAssert  (assemblyscript 0.28.20, @w3bstream/wasm-sdk 0.12.0)
import {
  ApiCall, CallContract, ExecSQL, GetDataByRID, GetDB, GetEnv, JSON, Log, QuerySQL, SendTx, SetDB, SubmitMetrics,
} from "@w3bstream/wasm-sdk/assembly";
import { Bytes } from "@w3bstream/wasm-sdk/assembly/database";
import { Int32, String as SqlString, Time } from "@w3bstream/wasm-sdk/assembly/sql";

export { alloc } from "@w3bstream/wasm-sdk/assembly";

let runs = 0;

export function start(rid: i32): i32 {
  const message = GetDataByRID(rid);
  Log("start: " + message);
  const seen = GetDB("seen");
  SetDB("seen", Bytes.fromInt32((seen == null ? 0 : Bytes.toInt32(seen)) + 1));
  runs += 1;
  return runs;
}

export function count(rid: i32): i32 {
  const seen = GetDB("seen");
  return seen == null ? 0 : Bytes.toInt32(seen);
}

export function env(rid: i32): i32 {
  Log("env: " + GetEnv(GetDataByRID(rid)));
  return 0;
}

export function sql(rid: i32): i32 {
  ExecSQL("create table if not exists people (name text, age int, born timestamp)", []);
  ExecSQL("insert into people (name, age, born) values (?, ?, ?);", [
    new SqlString(GetDataByRID(rid)), new Int32(36), new Time("1815-12-10T00:00:00Z"),
  ]);
  Log("sql: " + QuerySQL("select * from people where age = ?", [new Int32(36)]));
  return 0;
}

export function chain(rid: i32): i32 {
  Log("tx: " + SendTx(4690, "0x0000000000000000000000000000000000000001", "5", "ff"));
  Log("call: " + CallContract(4690, "0x0000000000000000000000000000000000000002", "0xee"));
  return 0;
}

export function metrics(rid: i32): i32 {
  return SubmitMetrics('{"a":1}');
}

export function route(rid: i32): i32 {
  Log("api: " + ApiCall('{"Method":"GET","Url":"/system/hello","Header":{"Eventtype":["HELLO"]},"Body":""}'));
  return 0;
}

export function parse(rid: i32): i32 {
  const object = <JSON.Obj>JSON.parse(GetDataByRID(rid));
  const number = object.getInteger("n");
  assert(number != null, "n is missing");
  return i32(number!._num);
}
