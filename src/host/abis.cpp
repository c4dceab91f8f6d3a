#include "host/abis.hpp"

#include "abi/aspect/aspect.hpp"
#include "abi/dataflow/dataflow.hpp"
#include "abi/hookr/hookr.hpp"
#include "abi/plain/plain.hpp"
#include "abi/w3bstream/w3bstream.hpp"
#include "abi/wapc/wapc.hpp"
#include "abi/wasp/wasp.hpp"

namespace mortise::host {

std::vector<std::unique_ptr<abi::Abi>> make_abis() {
    std::vector<std::unique_ptr<abi::Abi>> all;
    all.push_back(abi::make_plain());
    all.push_back(abi::make_wapc());
    all.push_back(abi::make_hookr());
    all.push_back(abi::make_wasp());
    all.push_back(abi::make_aspect());
    all.push_back(abi::make_w3bstream());
    all.push_back(abi::make_dataflow());
    return all;
}

}  // namespace mortise::host
