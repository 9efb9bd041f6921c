# Finds what klientela is built with; every dependency is private to the build, optional ones say when they are off.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(fmt 8 REQUIRED)
find_package(date REQUIRED)
find_package(Eigen3 3.3 REQUIRED NO_MODULE)  # headers only: leaves nothing to link
find_package(Boost 1.74 REQUIRED)  # Graph, its headers only: leaves nothing to link

# What the static library leaves for its user to link: as CMake packages, pkg-config packages and plain libraries.
set(KLIENTELA_LINKED_PACKAGES Threads fmt date)
set(KLIENTELA_LINKED_PC_PACKAGES fmt)
set(KLIENTELA_LINKED_PC_LIBS -ldate-tz)
