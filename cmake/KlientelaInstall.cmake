# Installs headers, libraries and what find_package() and pkg-config read.
include(CMakePackageConfigHelpers)
set(KLIENTELA_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/klientela")
set(KLIENTELA_PKGCONFIG_DIR "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# One export set per component, so that a consumer of the headers alone needs no library behind them.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/klientela" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT klientela_headers FILES_MATCHING PATTERN "*.hpp")
install(TARGETS klientela_headers EXPORT klientela-headers)
install(EXPORT klientela-headers NAMESPACE klientela:: DESTINATION ${KLIENTELA_CMAKE_DIR} COMPONENT klientela_headers)

install(TARGETS klientela EXPORT klientela-klientela COMPONENT klientela_cpp)
install(EXPORT klientela-klientela NAMESPACE klientela:: DESTINATION ${KLIENTELA_CMAKE_DIR} COMPONENT klientela_cpp)

if(TARGET klientela_c)
  install(FILES "${PROJECT_SOURCE_DIR}/capi/klientela.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT klientela_c)
  install(TARGETS klientela_c EXPORT klientela-c COMPONENT klientela_c)
  install(EXPORT klientela-c NAMESPACE klientela:: DESTINATION ${KLIENTELA_CMAKE_DIR} COMPONENT klientela_c)
endif()

# What the static library needs from whoever links it; a shared one has it inside.
set(KLIENTELA_CONFIG_DEPENDENCIES "")
set(KLIENTELA_PC_REQUIRES "")
set(KLIENTELA_PC_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  set(KLIENTELA_CONFIG_DEPENDENCIES "${KLIENTELA_LINKED_PACKAGES}")
  list(JOIN KLIENTELA_LINKED_PC_PACKAGES ", " KLIENTELA_PC_REQUIRES)
  set(KLIENTELA_PC_LIBS "${KLIENTELA_LINKED_PC_LIBS} -pthread")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/klientelaConfig.cmake.in" "${PROJECT_BINARY_DIR}/package/klientelaConfig.cmake"
  INSTALL_DESTINATION ${KLIENTELA_CMAKE_DIR})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/klientelaConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/klientelaConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/klientelaConfigVersion.cmake"
        DESTINATION ${KLIENTELA_CMAKE_DIR} COMPONENT klientela_headers)

# pkg-config files find their prefix from where they lie, so that an installed tree can be moved.
file(RELATIVE_PATH KLIENTELA_PC_PREFIX "/${KLIENTELA_PKGCONFIG_DIR}" "/")
string(REGEX REPLACE "/$" "" KLIENTELA_PC_PREFIX "${KLIENTELA_PC_PREFIX}")
foreach(name IN ITEMS klientela klientela-c)
  if(name STREQUAL "klientela-c" AND NOT TARGET klientela_c)
    continue()
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/package/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/${name}.pc" DESTINATION ${KLIENTELA_PKGCONFIG_DIR}
          COMPONENT klientela_cpp)
endforeach()
