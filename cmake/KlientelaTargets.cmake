# The functions by which the folders of the tree declare what they build.
include_guard(GLOBAL)

# Headers of the standard library that nearly every source reads: parsed once a target where this tree is built itself,
# which saves a third of the time of a build from nothing.
if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$")
  set(KLIENTELA_PRECOMPILE_DEFAULT ON)
else()
  set(KLIENTELA_PRECOMPILE_DEFAULT OFF)
endif()
option(KLIENTELA_PRECOMPILE "Parse common headers once a target" ${KLIENTELA_PRECOMPILE_DEFAULT})
set(KLIENTELA_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <cstring> <functional> <limits> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <vector>)

# ccache asks for the first of either compiler; to GCC, what is precompiled is no system header any more, about whose
# std::string it raises false alarms (GCC bug 105651).
function(klientela_precompiled_options target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds>)
endfunction()

function(klientela_precompile target)
  if(KLIENTELA_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${KLIENTELA_COMMON_HEADERS} ${ARGN})
    klientela_precompiled_options(${target})
  endif()
endfunction()

# klientela_stage(NAME core SOURCES a.cpp DEPENDS model LINKS fmt::fmt HEADER_LINKS nlohmann_json::nlohmann_json)
# One object library per stage. DEPENDS names the stages to the left of it, LINKS the libraries it calls,
# HEADER_LINKS libraries that leave nothing to link. A stage without sources is an interface library.
function(klientela_stage)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;DEPENDS;LINKS;HEADER_LINKS")
  set(target klientela_${arg_NAME})
  list(TRANSFORM arg_DEPENDS PREPEND klientela_)
  if(arg_SOURCES)
    add_library(${target} OBJECT ${arg_SOURCES})
    klientela_warnings(${target})
    target_link_libraries(${target}
      PUBLIC klientela_headers
      PRIVATE ${arg_DEPENDS} ${arg_LINKS} ${arg_HEADER_LINKS} Threads::Threads)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    set(json "")
    if("nlohmann_json::nlohmann_json" IN_LIST arg_HEADER_LINKS)
      set(json <nlohmann/json.hpp>)
    endif()
    klientela_precompile(${target} <fmt/format.h> ${json})
    set_property(GLOBAL APPEND PROPERTY KLIENTELA_OBJECTS $<TARGET_OBJECTS:${target}>)
    set_property(GLOBAL APPEND PROPERTY KLIENTELA_LINKS ${arg_LINKS} Threads::Threads)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE klientela_headers ${arg_DEPENDS})
  endif()
  add_library(klientela::${arg_NAME} ALIAS ${target})
endfunction()

# klientela_combine(target): puts the objects of every stage, and what they link, into a library or module.
function(klientela_combine target)
  get_property(objects GLOBAL PROPERTY KLIENTELA_OBJECTS)
  get_property(links GLOBAL PROPERTY KLIENTELA_LINKS)
  list(REMOVE_DUPLICATES links)
  target_sources(${target} PRIVATE ${objects})
  target_link_libraries(${target} PRIVATE ${links})
endfunction()

# klientela_optional_subdirectories(a b): adds those that have a CMakeLists.txt.
function(klientela_optional_subdirectories)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# A test's own code is run once: compiling it fast matters more.
function(klientela_test_options target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE -Wno-sign-conversion)  # part of -Wconversion there; plain numbers here
  endif()
endfunction()

# klientela_test(NAME core_money SOURCES money_test.cpp [LINKS ...] [DEFINITIONS ...])
# A GoogleTest program linked to klientela::klientela; each of its cases is a ctest test of its own.
# ThreadSanitizer sees those alone that speak of threads: the tables of the others are too small to be shared out.
function(klientela_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;LINKS;DEFINITIONS")
  if(KLIENTELA_SANITIZE STREQUAL "thread")
    set(spoken "")
    foreach(source IN LISTS arg_SOURCES)
      file(STRINGS "${source}" lines REGEX "[Tt]hread|[Ee]xecutor" LIMIT_COUNT 1)
      string(APPEND spoken "${lines}")
    endforeach()
    if(spoken STREQUAL "")
      return()
    endif()
  endif()
  if(NOT arg_SOURCES)
    return()
  endif()
  set(target ${arg_NAME}_test)
  add_executable(${target} ${arg_SOURCES})
  klientela_warnings(${target})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/src")
  target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
  target_link_libraries(${target} PRIVATE ${arg_LINKS} klientela::klientela GTest::gmock GTest::gtest_main)
  klientela_test_options(${target})
  if(KLIENTELA_PRECOMPILE)
    if(NOT TARGET klientela_test_headers)
      add_executable(klientela_test_headers EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/precompiled.cpp")
      klientela_warnings(klientela_test_headers)
      klientela_test_options(klientela_test_headers)
      target_link_libraries(klientela_test_headers PRIVATE klientela_headers GTest::gmock)
      klientela_precompile(klientela_test_headers <gmock/gmock.h> <gtest/gtest.h> <random>)
    endif()
    target_precompile_headers(${target} REUSE_FROM klientela_test_headers)
    klientela_precompiled_options(${target})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  gtest_discover_tests(${target} TEST_PREFIX ${arg_NAME}. DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()

# klientela_benchmark(NAME features SOURCES features_benchmark.cpp): a Google Benchmark program.
function(klientela_benchmark)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINKS")
  if(NOT arg_SOURCES)
    return()
  endif()
  set(target ${arg_NAME}_benchmark)
  add_executable(${target} ${arg_SOURCES})
  klientela_warnings(${target})
  target_link_libraries(${target} PRIVATE ${arg_LINKS} klientela::klientela benchmark::benchmark_main)
endfunction()

# klientela_fuzzer(NAME arrow_ingest SOURCES arrow_ingest_fuzzer.cpp)
# The source defines LLVMFuzzerTestOneInput; inputs to begin with lie in tests/fuzz/corpus/NAME and are a ctest test.
# With clang it is a libFuzzer program; with gcc a main of ours only replays the inputs.
function(klientela_fuzzer)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINKS")
  set(target ${arg_NAME}_fuzzer)
  add_executable(${target} ${arg_SOURCES})
  klientela_warnings(${target})
  target_link_libraries(${target} PRIVATE ${arg_LINKS} klientela::klientela)
  set(replay)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
  endif()
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${arg_NAME}")
  if(NOT IS_DIRECTORY "${corpus}")
    message(FATAL_ERROR "fuzzer ${arg_NAME} has no inputs to begin with in ${corpus}")
  endif()
  add_test(NAME fuzz.${arg_NAME}.replay COMMAND ${target} ${replay} "${corpus}")
endfunction()
