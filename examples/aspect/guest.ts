// An aspect on the published SDK: a counter in the aspect's state, and a revert.
import { allocate, AspectStateApi, entryPoint, execute, IAspectOperation, OperationInput, UtilApi } from "@artela/aspect-libs";

class Counter implements IAspectOperation {
  isOwner(sender: Uint8Array): bool {
    return sender.length > 0 && sender[0] == 1;
  }

  operation(input: OperationInput): Uint8Array {
    UtilApi.instance().log("counting");
    const stored = AspectStateApi.instance().get("count");
    const next = new Uint8Array(1);
    next[0] = stored.length == 0 ? 1 : stored[0] + 1;
    AspectStateApi.instance().set("count", next);
    return next;
  }
}

const counter = new Counter();
entryPoint.setOperationAspect(counter);
entryPoint.setAspect(counter);

export { allocate, execute };
