#pragma once

/// All of mortise: load WebAssembly plugins, call them, be called by them, within limits.
#include <mortise/bytes.hpp>
#include <mortise/codec.hpp>
#include <mortise/codec_functions.hpp>
#include <mortise/error.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/instance.hpp>
#include <mortise/limits.hpp>
#include <mortise/module_info.hpp>
#include <mortise/observer.hpp>
#include <mortise/plugin.hpp>
#include <mortise/pool.hpp>
#include <mortise/runtime.hpp>
#include <mortise/sandbox.hpp>
#include <mortise/slot.hpp>
#include <mortise/value.hpp>
