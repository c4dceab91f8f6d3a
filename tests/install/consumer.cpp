#include <cstdint>
#include <cstdio>

#include <mortise/mortise.hpp>

int main() {
    // (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    static constexpr std::uint8_t kAdd[] = {
        0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f,
        0x03, 0x02, 0x01, 0x00, 0x07, 0x07, 0x01, 0x03, 'a',  'd',  'd',  0x00, 0x00, 0x0a, 0x09, 0x01, 0x07,
        0x00, 0x20, 0x00, 0x20, 0x01, 0x6a, 0x0b};
    mortise::Runtime runtime;
    auto plugin = mortise::value(runtime.load_bytes(std::as_bytes(std::span(kAdd))));
    auto instance = mortise::value(plugin.instantiate());
    const int sum = mortise::value(instance.call<int>("add", 40, 2));
    std::printf("mortise %s says %d\n", std::string(mortise::version()).c_str(), sum);
    // An error that was made inside the library is caught outside of it.
    try {
        mortise::value(instance.call<int>("subtract", 1, 2));
    } catch (const mortise::Exception& exception) {
        return sum == 42 && exception.error().code() == mortise::ErrorCode::function_not_found ? 0 : 2;
    }
    return 3;
}
