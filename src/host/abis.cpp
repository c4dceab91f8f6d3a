#include "host/abis.hpp"

#include "abi/plain/plain.hpp"

namespace mortise::host {

std::vector<std::unique_ptr<abi::Abi>> make_abis() {
    std::vector<std::unique_ptr<abi::Abi>> all;
    all.push_back(abi::make_plain());
    return all;
}

}  // namespace mortise::host
