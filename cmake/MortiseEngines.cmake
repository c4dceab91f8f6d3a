# The target mortise_engines: what src/engines/wasmtime and src/engines/wasmi compile and link against.
#
# Normally the crate in src/engines/crate, built by cargo into a cache outside the checkout; with WASMTIME_ROOT an installed
# Wasmtime C API instead, without Wasmi and without our limiter (MORTISE_WASMTIME_OWN is then 0).

set(WASMTIME_ROOT "" CACHE PATH "Prefix of an installed Wasmtime C API (include/, lib/) to use instead of building the engines")

add_library(mortise_engines INTERFACE)

if(NOT MORTISE_RUNS_WASM)
    message(STATUS "Engines: ${MORTISE_ENGINES}; neither Wasmtime nor Wasmi")
    return()
endif()

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
if(NOT MORTISE_CARGO)
    message(FATAL_ERROR "cargo (Rust 1.95 or newer) is needed to build the WebAssembly engines, or an installed Wasmtime C API "
                        "given by -DWASMTIME_ROOT=PREFIX")
endif()
mortise_crate_key(key MORTISE_RUSTC_KEY ${crate})

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
