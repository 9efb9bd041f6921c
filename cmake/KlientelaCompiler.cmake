# Compiler settings shared by every target of klientela: standard, warnings, sanitizers, build type, ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  get_property(KLIENTELA_MULTI_CONFIG GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT KLIENTELA_MULTI_CONFIG)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  find_program(KLIENTELA_CCACHE ccache)
  if(KLIENTELA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # What one checkout compiled serves another: paths inside of the tree are relative to the cache.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros "${KLIENTELA_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  # The same arithmetic everywhere: no contraction into fused multiply-add, so results are bit-identical.
  add_compile_options(-ffp-contract=off)
endif()

if(KLIENTELA_SANITIZE)
  add_compile_options(-fsanitize=${KLIENTELA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KLIENTELA_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # A C program that loads a C++ library needs the C++ half of the sanitizer's runtime, which clang leaves out for C.
    add_link_options($<$<LINK_LANGUAGE:C>:-fsanitize-link-c++-runtime>)
    string(APPEND CMAKE_C_STANDARD_LIBRARIES " -lstdc++")
  endif()
endif()

# With clang the fuzzers guide themselves by coverage, which every object has to record.
if(KLIENTELA_BUILD_FUZZERS AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings are for our own targets only, never for whoever uses them.
function(klientela_warnings target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms on std::string (GCC bug 105651)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND KLIENTELA_SANITIZE)
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)  # false alarms on instrumented std::regex
    endif()
    if(KLIENTELA_WERROR)
      target_compile_options(${target} PRIVATE -Werror)
    endif()
  endif()
endfunction()
