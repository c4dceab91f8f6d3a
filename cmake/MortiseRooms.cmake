# Rooms, the library made of them, the command, and tests.
#
# A room is a folder of src/ with a CMakeLists.txt that calls mortise_room. Its name is its path below src/, with "_" for "/"
# ("engines/wasmtime" is engines_wasmtime; either spelling may be used). Rooms may name rooms that come later or do not exist:
# names are resolved at the end, by mortise_resolve_rooms.

set_property(GLOBAL PROPERTY MORTISE_ROOMS "")
set_property(GLOBAL PROPERTY MORTISE_ROOM_CONSUMERS "")

# Drops the files that are not there from the list named <list>, with a warning: the rest of the project still builds while one
# room is being written. In CI (MORTISE_WERROR) it is an error.
function(mortise_existing_sources list)
    set(existing "")
    foreach(file IN LISTS ${list})
        cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE path)
        if(EXISTS ${path})
            list(APPEND existing ${file})
        elseif(MORTISE_WERROR)
            message(FATAL_ERROR "${path} does not exist")
        else()
            message(WARNING "${path} does not exist; left out")
        endif()
    endforeach()
    set(${list} ${existing} PARENT_SCOPE)
endfunction()

# mortise_room([NAME] <name> SOURCES <file>... [USES <room>...] [PACKAGES <target>...] [MAIN <file>])
#
# USES      rooms whose headers and objects this one needs; a pattern such as abi/* means every room of that folder that exists
# PACKAGES  imported targets of other projects (e.g. PkgConfig::sodium)
# MAIN      the file with main(), for the room that becomes the command: kept out of the objects, so that tests can link them
#
# Makes the OBJECT library mortise_<name>.
function(mortise_room)
    cmake_parse_arguments(PARSE_ARGV 0 ROOM "" "NAME;MAIN" "SOURCES;USES;PACKAGES")
    if(NOT ROOM_NAME)
        list(POP_FRONT ROOM_UNPARSED_ARGUMENTS ROOM_NAME)
    endif()
    if(ROOM_UNPARSED_ARGUMENTS OR NOT ROOM_NAME)
        message(FATAL_ERROR "mortise_room(${ARGV}): do not know what to make of \"${ROOM_UNPARSED_ARGUMENTS}\"")
    endif()
    string(REPLACE "/" "_" name ${ROOM_NAME})
    set(target mortise_${name})
    mortise_existing_sources(ROOM_SOURCES)
    if(NOT ROOM_SOURCES)
        set(ROOM_SOURCES ${PROJECT_SOURCE_DIR}/cmake/nothing.cpp)   # a room of headers alone
    endif()
    add_library(${target} OBJECT ${ROOM_SOURCES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_features(${target} PUBLIC cxx_std_23)
    target_compile_definitions(${target} PRIVATE MORTISE_BUILDING=1)
    target_link_libraries(${target} PRIVATE mortise_warnings PUBLIC Threads::Threads ${ROOM_PACKAGES})
    set_target_properties(${target} PROPERTIES FOLDER rooms)
    if(ROOM_MAIN)
        set_property(TARGET ${target} PROPERTY MORTISE_MAIN ${CMAKE_CURRENT_SOURCE_DIR}/${ROOM_MAIN})
    endif()
    set_property(TARGET ${target} PROPERTY MORTISE_USES ${ROOM_USES})
    set_property(TARGET ${target} PROPERTY MORTISE_PACKAGES ${ROOM_PACKAGES})
    set_property(GLOBAL APPEND PROPERTY MORTISE_ROOMS ${name})
endfunction()

# mortise_add_rooms(<path below src/>...): adds those that exist; a path that ends in /* adds every such subfolder.
function(mortise_add_rooms)
    foreach(path IN LISTS ARGN)
        if(path MATCHES "/\\*$")
            file(GLOB lists CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${path}/CMakeLists.txt)
            list(SORT lists)
        else()
            file(GLOB lists CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${path}/CMakeLists.txt)
        endif()
        foreach(file IN LISTS lists)
            cmake_path(GET file PARENT_PATH folder)
            cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
            cmake_path(GET folder FILENAME name)
            if(relative MATCHES "^src/engines/" AND NOT MORTISE_ENGINES STREQUAL "all" AND NOT name IN_LIST MORTISE_ENGINES)
                continue()
            endif()
            add_subdirectory(${folder} ${CMAKE_BINARY_DIR}/${relative})
        endforeach()
    endforeach()
endfunction()

# The rooms, of those that exist, which the given names and patterns mean.
function(mortise_match_rooms out)
    get_property(all GLOBAL PROPERTY MORTISE_ROOMS)
    set(found "")
    foreach(wanted IN LISTS ARGN)
        string(REPLACE "/" "_" pattern ${wanted})
        if(pattern MATCHES "\\*$")
            string(REGEX REPLACE "\\*$" "" prefix ${pattern})
            foreach(room IN LISTS all)
                string(FIND ${room} ${prefix} at)
                if(at EQUAL 0)
                    list(APPEND found ${room})
                endif()
            endforeach()
        elseif(pattern IN_LIST all)
            list(APPEND found ${pattern})
        endif()
    endforeach()
    list(REMOVE_DUPLICATES found)
    set(${out} ${found} PARENT_SCOPE)
endfunction()

# Those rooms and every room that they use, directly or not.
function(mortise_close_rooms out)
    mortise_match_rooms(open ${ARGN})
    set(closed "")
    while(open)
        list(POP_FRONT open room)
        if(NOT room IN_LIST closed)
            list(APPEND closed ${room})
            get_property(uses TARGET mortise_${room} PROPERTY MORTISE_USES)
            mortise_match_rooms(more ${uses})
            list(APPEND open ${more})
        endif()
    endwhile()
    set(${out} ${closed} PARENT_SCOPE)
endfunction()

# Links <target> with the objects of these rooms and of all that they use, once every room is known.
function(mortise_link_rooms target)
    set_property(TARGET ${target} PROPERTY MORTISE_LINK_ROOMS ${ARGN})
    set_property(GLOBAL APPEND PROPERTY MORTISE_ROOM_CONSUMERS ${target})
endfunction()

function(mortise_resolve_rooms)
    get_property(rooms GLOBAL PROPERTY MORTISE_ROOMS)
    # Which engines and ABIs this build has, for the one list that Runtime is built from.
    set(have "")
    file(GLOB folders RELATIVE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/engines/*/CMakeLists.txt ${PROJECT_SOURCE_DIR}/src/abi/*/CMakeLists.txt)
    foreach(folder IN LISTS folders)
        string(REGEX REPLACE "^([^/]+)/([^/]+)/.*" "\\1_\\2" room ${folder})
        string(TOUPPER MORTISE_HAS_${room} definition)
        if(room IN_LIST rooms)
            list(APPEND have ${definition}=1)
        else()
            list(APPEND have ${definition}=0)
        endif()
    endforeach()
    # Only host and programs ask. The others' objects are the same in every build, so that one with a part of the engines finds
    # them in the compiler's cache.
    string(REPLACE "=0" "=1" have_all "${have}")
    foreach(room IN LISTS rooms)
        get_property(uses TARGET mortise_${room} PROPERTY MORTISE_USES)
        mortise_match_rooms(known ${uses})
        list(REMOVE_ITEM known ${room})
        foreach(used IN LISTS known)
            # Headers and packages of the used room; its objects are linked once, where a binary is made.
            get_property(packages TARGET mortise_${used} PROPERTY MORTISE_PACKAGES)
            target_link_libraries(mortise_${room} PRIVATE ${packages})
            if(TARGET mortise_engines_build AND used MATCHES "^engines")
                add_dependencies(mortise_${room} mortise_engines_build)
            endif()
        endforeach()
        if(room STREQUAL "host")
            target_compile_definitions(mortise_${room} PRIVATE ${have})
        else()
            target_compile_definitions(mortise_${room} PRIVATE ${have_all})
        endif()
    endforeach()
    get_property(consumers GLOBAL PROPERTY MORTISE_ROOM_CONSUMERS)
    foreach(target IN LISTS consumers)
        get_property(wanted TARGET ${target} PROPERTY MORTISE_LINK_ROOMS)
        mortise_close_rooms(closed ${wanted})
        foreach(room IN LISTS closed)
            target_link_libraries(${target} PRIVATE mortise_${room})
        endforeach()
        target_compile_definitions(${target} PRIVATE ${have})
    endforeach()
endfunction()

# libmortise: every room but the command. It shows our own names alone: those marked MORTISE_API.
function(mortise_build_library)
    get_property(rooms GLOBAL PROPERTY MORTISE_ROOMS)
    list(REMOVE_ITEM rooms cli)
    set(nothing ${PROJECT_SOURCE_DIR}/cmake/nothing.cpp)
    if(BUILD_SHARED_LIBS)
        set(map ${PROJECT_SOURCE_DIR}/cmake/mortise.map)
        add_library(mortise SHARED ${nothing})
        target_link_options(mortise PRIVATE
            -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,--version-script,${map})
        set_target_properties(mortise PROPERTIES
            LINK_DEPENDS ${map} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
        mortise_link_rooms(mortise ${rooms})
    else()
        mortise_build_static_library(${rooms})
    endif()
    add_library(mortise::mortise ALIAS mortise)
    target_include_directories(mortise PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_compile_features(mortise PUBLIC cxx_std_23)
endfunction()

# The same as one static library of a single object (see build_static.sh).
function(mortise_build_static_library)
    add_library(mortise_rooms STATIC ${PROJECT_SOURCE_DIR}/cmake/nothing.cpp)
    mortise_link_rooms(mortise_rooms ${ARGN})
    set(object ${CMAKE_BINARY_DIR}/mortise.o)
    add_custom_command(
        OUTPUT ${object}
        COMMAND ${PROJECT_SOURCE_DIR}/cmake/build_static.sh ${object} $<TARGET_FILE:mortise_rooms> ${MORTISE_ENGINES_ARCHIVE}
                ${CMAKE_NM} ${CMAKE_OBJCOPY}
        DEPENDS mortise_rooms ${PROJECT_SOURCE_DIR}/cmake/build_static.sh
        COMMENT "One object of all rooms and engines" VERBATIM)
    # What the rooms link besides: plain library names. Imported targets of theirs are headers alone.
    set(libraries "")
    foreach(room IN LISTS ARGN)
        get_property(packages TARGET mortise_${room} PROPERTY MORTISE_PACKAGES)
        list(APPEND libraries ${packages})
    endforeach()
    list(FILTER libraries EXCLUDE REGEX "::|^mortise_")
    list(REMOVE_DUPLICATES libraries)
    add_library(mortise STATIC ${object})
    set_target_properties(mortise PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(mortise INTERFACE ${libraries} pthread dl m)
endfunction()

# The command `mortise`, from src/cli, on the library as any user would have it.
function(mortise_build_command)
    if(NOT TARGET mortise_cli)
        return()
    endif()
    get_property(main TARGET mortise_cli PROPERTY MORTISE_MAIN)
    add_executable(mortise_command ${main} $<TARGET_OBJECTS:mortise_cli>)
    set_target_properties(mortise_command PROPERTIES OUTPUT_NAME mortise)
    get_property(packages TARGET mortise_cli PROPERTY MORTISE_PACKAGES)
    target_include_directories(mortise_command PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(mortise_command PRIVATE mortise mortise_warnings mortise_sanitizer_options ${packages})
endfunction()

# Every folder of tests/ that has a CMakeLists.txt; without an engine that runs Wasm by its name, those that need none.
function(mortise_add_tests)
    find_package(GTest REQUIRED)
    file(GLOB lists CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/CMakeLists.txt ${PROJECT_SOURCE_DIR}/tests/*/*/CMakeLists.txt)
    list(SORT lists)
    foreach(file IN LISTS lists)
        cmake_path(GET file PARENT_PATH folder)
        cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
        if(MORTISE_RUNS_WASM OR relative MATCHES "^tests/(base|codec|engine|native|tools|trust|wasm)$")
            add_subdirectory(${folder} ${CMAKE_BINARY_DIR}/${relative})
        endif()
    endforeach()
endfunction()

# mortise_test([NAME] <name> SOURCES <file>... [ROOMS <room>...] [LIBS <target>...] [LABELS <label>...] [TIMEOUT <seconds>]
#              [PUBLIC_API] [NEEDS_COMMAND] [ONE_PROCESS] [EVERY_ENGINE])
#
# Makes the program test_<name> of GoogleTest cases; ctest shows each case as <name>.<Subject_condition_outcome>.
#
# ROOMS          rooms under test, with all that they use; their internal headers may be included. Default: none
# PUBLIC_API     link the library libmortise instead, as a user of it does (not together with ROOMS)
# NEEDS_COMMAND  build the command first; its path is the macro MORTISE_COMMAND
# ONE_PROCESS    one ctest entry for the whole program: for many quick cases that share something costly
# EVERY_ENGINE   one more ctest entry, <name>.on_<engine>, for each engine beside the default one; the label is engine:<engine>.
#                Its Runtimes are made by runtime_under_test() of tests/support
function(mortise_test)
    cmake_parse_arguments(PARSE_ARGV 0 TEST "PUBLIC_API;NEEDS_COMMAND;ONE_PROCESS;EVERY_ENGINE" "NAME;TIMEOUT" "SOURCES;ROOMS;LIBS;LABELS")
    if(NOT TEST_NAME)
        list(POP_FRONT TEST_UNPARSED_ARGUMENTS TEST_NAME)
    endif()
    if(TEST_UNPARSED_ARGUMENTS OR NOT TEST_NAME)
        message(FATAL_ERROR "mortise_test(${ARGV}): do not know what to make of \"${TEST_UNPARSED_ARGUMENTS}\"")
    endif()
    string(REPLACE "/" "_" name ${TEST_NAME})
    set(target test_${name})
    mortise_existing_sources(TEST_SOURCES)
    if(NOT TEST_SOURCES)
        set(TEST_SOURCES ${PROJECT_SOURCE_DIR}/cmake/nothing.cpp)
    endif()
    add_executable(${target} ${TEST_SOURCES})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(${target} PRIVATE
        MORTISE_SHARED_DIR="${MORTISE_SHARED_DIR}"
        MORTISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
        MORTISE_BINARY_DIR="${CMAKE_BINARY_DIR}"
        MORTISE_COMMAND="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/mortise")
    target_link_libraries(${target} PRIVATE
        mortise_warnings mortise_sanitizer_options GTest::gmock_main Threads::Threads ${TEST_LIBS})
    if(TEST_PUBLIC_API)
        target_link_libraries(${target} PRIVATE mortise)
    else()
        target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
        mortise_link_rooms(${target} ${TEST_ROOMS})
    endif()
    if(TEST_NEEDS_COMMAND AND TARGET mortise_command)
        add_dependencies(${target} mortise_command)
    endif()
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 120)
    endif()
    if(TEST_ONE_PROCESS)
        add_test(NAME ${name} COMMAND ${target})
        set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
        set_property(TEST ${name} PROPERTY LABELS ${name} ${TEST_LABELS})
    else()
        include(GoogleTest)
        gtest_discover_tests(${target} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${TEST_TIMEOUT}
                             LABELS ${name})
    endif()
    if(TEST_EVERY_ENGINE AND TARGET mortise_engines_wasmi AND TARGET mortise_engines_wasmtime)
        add_test(NAME ${name}.on_wasmi COMMAND ${target})
        set_tests_properties(${name}.on_wasmi PROPERTIES TIMEOUT 300 ENVIRONMENT "MORTISE_TEST_ENGINE=wasmi")
        set_property(TEST ${name}.on_wasmi PROPERTY LABELS ${name} engine:wasmi ${TEST_LABELS})
    endif()
endfunction()
