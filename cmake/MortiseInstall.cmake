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
