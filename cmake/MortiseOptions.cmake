# What a build can be asked for, and the flags that every room is compiled with.

include(CheckLinkerFlag)
include(CMakeDependentOption)

option(BUILD_SHARED_LIBS "Build libmortise as a shared library" ON)
option(MORTISE_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(MORTISE_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(MORTISE_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(MORTISE_FUZZ "Build the fuzzers (clang only)" OFF)
option(MORTISE_WERROR "Treat warnings as errors" OFF)
set(MORTISE_ENGINES "all" CACHE STRING "Engines to build in: all, or a list of wasmtime, wasmi, wasm_c_api, native")
set(MORTISE_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")
set(MORTISE_SHARED_DIR "${CMAKE_CURRENT_SOURCE_DIR}/../shared" CACHE PATH
    "Folder of real third-party plugins and ABI descriptions that some tests use; they are skipped without it")

# The list may be written as the command writes names: "wasm-c-api,native".
string(REPLACE "-" "_" MORTISE_ENGINES "${MORTISE_ENGINES}")
string(REPLACE "," ";" MORTISE_ENGINES "${MORTISE_ENGINES}")
foreach(engine IN LISTS MORTISE_ENGINES)
    if(NOT engine STREQUAL "all" AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/src/engines/${engine}/CMakeLists.txt)
        message(FATAL_ERROR "MORTISE_ENGINES: there is no engine \"${engine}\"; there are wasmtime, wasmi, wasm_c_api, native")
    endif()
endforeach()
# Whether an engine is built in that runs Wasm by its name alone, from the crate: most tests, examples and benchmarks need one.
set(MORTISE_RUNS_WASM OFF)
if("all" IN_LIST MORTISE_ENGINES OR "wasmtime" IN_LIST MORTISE_ENGINES OR "wasmi" IN_LIST MORTISE_ENGINES)
    set(MORTISE_RUNS_WASM ON)
endif()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
# The command finds the library beside it after an install, wherever the prefix is.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib;$ORIGIN/../lib/${CMAKE_LIBRARY_ARCHITECTURE}")

set_property(GLOBAL PROPERTY USE_FOLDERS ON)
find_package(Threads REQUIRED)

# ccache, unless the builder chose another launcher. Objects are shared between build folders and checkouts: paths below the
# checkout are made relative, and the folder of the build is left out of the key, in which debug information would put it.
find_program(MORTISE_CCACHE ccache)
mark_as_advanced(MORTISE_CCACHE)
if(MORTISE_CCACHE)
    foreach(language C CXX)
        if(NOT CMAKE_${language}_COMPILER_LAUNCHER OR CMAKE_${language}_COMPILER_LAUNCHER STREQUAL ccache)
            set(CMAKE_${language}_COMPILER_LAUNCHER
                env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${MORTISE_CCACHE})
        endif()
    endforeach()
endif()

# The engine archive is about 100 MB: lld links it in a second where the classic linker takes several. g++ 12 knows lld only
# by the name ld.lld on its search path, and Debian's current package has a version in the name: hence the link in the build folder.
find_program(MORTISE_LLD NAMES ld.lld-19 ld.lld ld.lld-18 ld.lld-17 ld.lld-16 ld.lld-15)
mark_as_advanced(MORTISE_LLD)
if(MORTISE_LLD)
    set(linker_dir ${CMAKE_BINARY_DIR}/linker)
    file(MAKE_DIRECTORY ${linker_dir})
    file(CREATE_LINK ${MORTISE_LLD} ${linker_dir}/ld.lld SYMBOLIC)
    add_link_options(-fuse-ld=lld -B${linker_dir})
endif()

# Warnings for our own code only: rooms, tests, benchmarks, examples link this; vendor headers are system headers.
add_library(mortise_warnings INTERFACE)
target_compile_options(mortise_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wcast-align -Wundef
    $<$<BOOL:${MORTISE_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees uninitialised members in every moved std::variant that holds a vector; clang and the sanitizers look instead.
    target_compile_options(mortise_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

if(NOT BUILD_SHARED_LIBS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # "Unique" symbols cannot be made local to the static library's one object (build_static.sh); weak ones can.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()

# Programs of a sanitizer build carry the sanitizers' options inside, so that they can be run by hand as ctest runs them.
add_library(mortise_sanitizer_options INTERFACE)
if(MORTISE_SANITIZE)
    add_compile_options(-fsanitize=${MORTISE_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${MORTISE_SANITIZE})
    if(MORTISE_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=all)
    endif()
    add_compile_definitions(MORTISE_SANITIZED=1)
    target_sources(mortise_sanitizer_options INTERFACE ${CMAKE_CURRENT_LIST_DIR}/sanitizer_options.cpp)
endif()
