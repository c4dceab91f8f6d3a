# Rust: cargo, its version, and a cache outside the checkout for what it builds.

set(MORTISE_CACHE_DIR "" CACHE PATH "Where the built engines are kept; default: MORTISE_CACHE_DIR of the environment, else the user's cache folder")
find_program(MORTISE_CARGO cargo)

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

# mortise_crate_key(<out> <compiler key> <crate folder>): the key of what the crate would build, which is its files, in a
# fixed order, and the compiler; and a key of the compiler alone. Fails where the compiler is missing or too old.
function(mortise_crate_key out compiler_out crate)
    execute_process(COMMAND rustc -vV WORKING_DIRECTORY ${crate} OUTPUT_VARIABLE rustc_version COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "release: ([0-9.]+)" unused "${rustc_version}")
    if(CMAKE_MATCH_1 VERSION_LESS 1.95)
        message(FATAL_ERROR "Rust 1.95 or newer is needed to build the WebAssembly engines; this one is ${CMAKE_MATCH_1}")
    endif()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${crate}/src/*.rs)
    list(SORT files)
    set(named ${crate}/Cargo.lock ${crate}/Cargo.toml)
    if(EXISTS ${crate}/build.rs)
        list(APPEND named ${crate}/build.rs)
    endif()
    set(text "${rustc_version}")
    foreach(file ${named} ${files})
        file(SHA256 ${file} digest)
        string(APPEND text ${digest})
    endforeach()
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${named} ${files})
    string(SHA256 compiler_key "${rustc_version}")
    string(SHA256 key "${text}")
    string(SUBSTRING ${compiler_key} 0 16 compiler_key)
    string(SUBSTRING ${key} 0 16 key)
    set(${out} ${key} PARENT_SCOPE)
    set(${compiler_out} ${compiler_key} PARENT_SCOPE)
endfunction()

# mortise_cargo_library(<target> <crate folder> <name> <out> [EXCLUDE_FROM_ALL]): a target that builds a crate of one shared
# library into the cache, and sets <out> to the path of lib<name>.so in the build folder.
function(mortise_cargo_library target crate name out)
    set(folder ${CMAKE_BINARY_DIR}/engines/${name})
    mortise_crate_key(key compiler_key ${crate})
    add_custom_command(
        OUTPUT ${folder}/${key}.stamp
        BYPRODUCTS ${folder}/lib${name}.so
        COMMAND ${PROJECT_SOURCE_DIR}/cmake/build_cargo_library.sh
                ${crate} ${MORTISE_ENGINES_CACHE} ${compiler_key} ${key} ${folder} ${name}
        COMMAND ${CMAKE_COMMAND} -E touch ${folder}/${key}.stamp
        COMMENT "lib${name}.so (kept in ${MORTISE_ENGINES_CACHE})"
        USES_TERMINAL VERBATIM)
    if(NOT ARGN MATCHES "EXCLUDE_FROM_ALL")
        set(all ALL)
    endif()
    add_custom_target(${target} ${all} DEPENDS ${folder}/${key}.stamp)
    set(${out} ${folder}/lib${name}.so PARENT_SCOPE)
endfunction()
