# The target mortise_engines: what src/engines/wasmtime and src/engines/wasmi compile and link against.
#
# Normally the crate in src/engines/crate, built by cargo into a cache outside the checkout; with WASMTIME_ROOT an installed
# Wasmtime C API instead, without Wasmi and without our limiter (MORTISE_WASMTIME_OWN is then 0).

set(WASMTIME_ROOT "" CACHE PATH "Prefix of an installed Wasmtime C API (include/, lib/) to use instead of building the engines")
set(MORTISE_CACHE_DIR "" CACHE PATH "Where the built engines are kept; default: MORTISE_CACHE_DIR of the environment, else the user's cache folder")

add_library(mortise_engines INTERFACE)

if(WASMTIME_ROOT)
    find_library(MORTISE_WASMTIME_LIBRARY wasmtime PATHS ${WASMTIME_ROOT}/lib NO_DEFAULT_PATH REQUIRED)
    find_path(MORTISE_WASMTIME_INCLUDE wasmtime.h PATHS ${WASMTIME_ROOT}/include NO_DEFAULT_PATH REQUIRED)
    target_include_directories(mortise_engines SYSTEM INTERFACE ${MORTISE_WASMTIME_INCLUDE})
    set(MORTISE_ENGINES_ARCHIVE ${MORTISE_WASMTIME_LIBRARY})
    target_link_libraries(mortise_engines INTERFACE ${MORTISE_WASMTIME_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} m)
    target_compile_definitions(mortise_engines INTERFACE MORTISE_WASMTIME_OWN=0)
    message(STATUS "Engines: the Wasmtime in ${WASMTIME_ROOT}; no Wasmi")
    return()
endif()

set(crate ${PROJECT_SOURCE_DIR}/src/engines/crate)
find_program(MORTISE_CARGO cargo)
if(NOT MORTISE_CARGO)
    message(FATAL_ERROR "cargo (Rust 1.95 or newer) is needed to build the WebAssembly engines, or an installed Wasmtime C API "
                        "given by -DWASMTIME_ROOT=PREFIX")
endif()
execute_process(COMMAND rustc -vV WORKING_DIRECTORY ${crate} OUTPUT_VARIABLE rustc_version COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "release: ([0-9.]+)" unused "${rustc_version}")
if(CMAKE_MATCH_1 VERSION_LESS 1.95)
    message(FATAL_ERROR "Rust 1.95 or newer is needed to build the WebAssembly engines; this one is ${CMAKE_MATCH_1}")
endif()

set(cache ${MORTISE_CACHE_DIR})
if(NOT cache)
    set(cache $ENV{MORTISE_CACHE_DIR})
endif()
if(NOT cache AND DEFINED ENV{XDG_CACHE_HOME})
    set(cache $ENV{XDG_CACHE_HOME}/mortise)
elseif(NOT cache)
    set(cache $ENV{HOME}/.cache/mortise)
endif()

set(MORTISE_ENGINES_CACHE ${cache}/engines)

# The key of what the crate would build: its files, in a fixed order, and the compiler.
file(GLOB_RECURSE files CONFIGURE_DEPENDS ${crate}/src/*.rs)
list(SORT files)
set(text "${rustc_version}")
foreach(file ${crate}/Cargo.lock ${crate}/Cargo.toml ${crate}/build.rs ${files})
    file(SHA256 ${file} digest)
    string(APPEND text ${digest})
endforeach()
string(SHA256 MORTISE_RUSTC_KEY "${rustc_version}")
string(SHA256 key "${text}")
string(SUBSTRING ${MORTISE_RUSTC_KEY} 0 16 MORTISE_RUSTC_KEY)
string(SUBSTRING ${key} 0 16 key)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${files} ${crate}/build.rs ${crate}/Cargo.lock ${crate}/Cargo.toml)

set(engines_dir ${CMAKE_BINARY_DIR}/engines)
set(archive ${engines_dir}/lib/libmortise_engines.a)
add_custom_command(
    OUTPUT ${engines_dir}/${key}.stamp
    BYPRODUCTS ${archive}
    COMMAND ${PROJECT_SOURCE_DIR}/cmake/build_engines.sh ${crate} ${MORTISE_ENGINES_CACHE} ${MORTISE_RUSTC_KEY} ${key} ${engines_dir}
    COMMAND ${CMAKE_COMMAND} -E touch ${engines_dir}/${key}.stamp
    COMMENT "WebAssembly engines (kept in ${MORTISE_ENGINES_CACHE}/${key})"
    USES_TERMINAL VERBATIM)
add_custom_target(mortise_engines_build DEPENDS ${engines_dir}/${key}.stamp)

set(engines_library ${archive})
set(MORTISE_ENGINES_ARCHIVE ${archive})
if(MORTISE_SANITIZE MATCHES "thread")
    # ThreadSanitizer sees no synchronisation inside code that it did not compile: in a library of their own, the engines can be
    # told apart from ours and left out (sanitizer_options.cpp).
    set(engines_library ${engines_dir}/lib/libmortise_engines.so)
    add_custom_command(
        OUTPUT ${engines_library}
        COMMAND ${CMAKE_CXX_COMPILER} -shared -Wl,-soname,libmortise_engines.so -o ${engines_library}
                -Wl,--whole-archive ${archive} -Wl,--no-whole-archive -pthread -ldl -lm
        DEPENDS ${engines_dir}/${key}.stamp
        COMMENT "The engines as a shared library" VERBATIM)
    add_custom_target(mortise_engines_shared DEPENDS ${engines_library})
    add_dependencies(mortise_engines_shared mortise_engines_build)
    add_dependencies(mortise_engines mortise_engines_shared)
endif()

target_include_directories(mortise_engines SYSTEM INTERFACE ${engines_dir}/include)
target_include_directories(mortise_engines INTERFACE ${crate}/include)
target_link_libraries(mortise_engines INTERFACE ${engines_library} Threads::Threads ${CMAKE_DL_LIBS} m)
target_compile_definitions(mortise_engines INTERFACE MORTISE_WASMTIME_OWN=1)
add_dependencies(mortise_engines mortise_engines_build)
