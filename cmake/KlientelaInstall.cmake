# Installs headers, libraries and what find_package() and pkg-config read.
include(CMakePackageConfigHelpers)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/klientela" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT cpp
        FILES_MATCHING PATTERN "*.hpp")
install(TARGETS klientela klientela_headers EXPORT klientelaTargets COMPONENT cpp)
