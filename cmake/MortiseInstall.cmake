# `cmake --install`: headers, library, command, and what find_package(mortise) and pkg-config need. The prefix may be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS mortise EXPORT mortiseTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mortise DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET mortise_command)
    install(TARGETS mortise_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    file(RELATIVE_PATH lib_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(mortise_command PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}")

    set(completion ${PROJECT_SOURCE_DIR}/src/cli/completion)
    install(FILES ${completion}/mortise.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mortise)
    install(FILES ${completion}/mortise.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _mortise)
    install(FILES ${completion}/mortise.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

    install(FILES ${PROJECT_SOURCE_DIR}/docs/command.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

    # Manual pages are made of the command's own help. Without Python there are none.
    find_package(Python3 COMPONENTS Interpreter)
    if(Python3_Interpreter_FOUND)
        set(man ${CMAKE_BINARY_DIR}/man)
        set(maker ${PROJECT_SOURCE_DIR}/tools/make_man.py)
        add_custom_command(OUTPUT ${man}/mortise.1
            COMMAND ${Python3_EXECUTABLE} ${maker} $<TARGET_FILE:mortise_command> ${man}
            DEPENDS mortise_command ${maker} VERBATIM)
        add_custom_target(mortise_man ALL DEPENDS ${man}/mortise.1)
        install(DIRECTORY ${man}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    endif()
endif()

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mortise)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mortiseConfig.cmake.in ${CMAKE_BINARY_DIR}/mortiseConfig.cmake
    INSTALL_DESTINATION ${config_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/mortiseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/mortiseConfig.cmake ${CMAKE_BINARY_DIR}/mortiseConfigVersion.cmake
    DESTINATION ${config_dir})
install(EXPORT mortiseTargets NAMESPACE mortise:: DESTINATION ${config_dir})

file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_libraries "")
if(NOT BUILD_SHARED_LIBS)
    get_property(libraries TARGET mortise PROPERTY INTERFACE_LINK_LIBRARIES)
    list(TRANSFORM libraries PREPEND " -l" OUTPUT_VARIABLE pc_libraries)
    list(JOIN pc_libraries "" pc_libraries)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/mortise.pc.in ${CMAKE_BINARY_DIR}/mortise.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/mortise.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
