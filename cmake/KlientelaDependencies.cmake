# Finds what klientela is built with; every dependency is private to the build, optional ones say when they are off.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(fmt 8 REQUIRED)
find_package(date REQUIRED)
find_package(Eigen3 3.3 REQUIRED NO_MODULE)  # headers only: leaves nothing to link
find_package(Boost 1.74 REQUIRED)  # Graph, its headers only: leaves nothing to link
find_package(ICU 60 REQUIRED COMPONENTS uc i18n data)

# Optional: phone numbers that the list of phone plans leaves open. Debian's package has no CMake files.
option(KLIENTELA_WITH_PHONENUMBER "Read phone numbers by libphonenumber where it is found" ON)
set(KLIENTELA_PHONENUMBER "")
if(KLIENTELA_WITH_PHONENUMBER)
  find_package(libphonenumber CONFIG QUIET)
  if(TARGET libphonenumber::phonenumber)
    set(KLIENTELA_PHONENUMBER libphonenumber::phonenumber)
  else()
    find_path(KLIENTELA_PHONENUMBER_INCLUDE phonenumbers/phonenumberutil.h)
    find_library(KLIENTELA_PHONENUMBER_LIBRARY phonenumber)
    find_path(KLIENTELA_PROTOBUF_INCLUDE google/protobuf/message.h)
    mark_as_advanced(KLIENTELA_PHONENUMBER_INCLUDE KLIENTELA_PHONENUMBER_LIBRARY KLIENTELA_PROTOBUF_INCLUDE)
    if(KLIENTELA_PHONENUMBER_INCLUDE AND KLIENTELA_PHONENUMBER_LIBRARY AND KLIENTELA_PROTOBUF_INCLUDE)
      set(KLIENTELA_PHONENUMBER phonenumber protobuf)
    endif()
  endif()
endif()
if(NOT KLIENTELA_PHONENUMBER)
  message(STATUS "klientela: off: libphonenumber; phone numbers are judged by their length alone")
endif()

# What the static library leaves for its user to link: as CMake packages (words of find_dependency() by colons), pkg-config packages and plain
# libraries.
set(KLIENTELA_LINKED_PACKAGES Threads fmt date ICU:COMPONENTS:uc:i18n:data)
set(KLIENTELA_LINKED_PC_PACKAGES fmt icu-uc icu-i18n)
set(KLIENTELA_LINKED_PC_LIBS -ldate-tz)
if(TARGET libphonenumber::phonenumber)
  list(APPEND KLIENTELA_LINKED_PACKAGES libphonenumber)
endif()
if(KLIENTELA_PHONENUMBER)
  string(APPEND KLIENTELA_LINKED_PC_LIBS " -lphonenumber -lprotobuf")
endif()
