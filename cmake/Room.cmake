# A room is a folder under gateway/ or modules/. sallyport_room(name DEPENDS rooms... LIBRARIES libs...)
# builds it as a static library from every .cc in it, with
#   x_test.cc   collected into <name>_test (GoogleTest), run by ctest;
#   x_fuzz.cc   one executable each: libFuzzer in the fuzz preset, else a replay of tests/corpus/x.
# The arrows between rooms are checked from the #include lines by tests/lint, not by the linker.

function(sallyport_fuzz_target source room_library)
  get_filename_component(target ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" subject ${target})
  if(SALLYPORT_FUZZ)
    add_executable(${target} ${source})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${target} ${source} ${PROJECT_SOURCE_DIR}/tests/support/replay_main.cc)
    add_test(NAME corpus.${subject}
             COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/corpus/${subject})
  endif()
  target_link_libraries(${target} PRIVATE ${room_library})
endfunction()

function(sallyport_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;TEST_DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  set(library sallyport_${name})
  list(TRANSFORM ROOM_DEPENDS PREPEND sallyport_)
  list(TRANSFORM ROOM_TEST_DEPENDS PREPEND sallyport_)
  if(sources)
    add_library(${library} STATIC ${sources})
    target_link_libraries(${library} PUBLIC sallyport_flags ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  else()
    add_library(${library} INTERFACE)
    target_link_libraries(${library} INTERFACE sallyport_flags ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()

  if(SALLYPORT_TESTS)
    if(tests AND NOT SALLYPORT_FUZZ)
      add_executable(${name}_test ${tests})
      target_link_libraries(${name}_test PRIVATE ${library} ${ROOM_TEST_DEPENDS} GTest::gmock
                                                 GTest::gtest GTest::gtest_main)
      add_test(NAME unit.${name} COMMAND ${name}_test)
    endif()
    foreach(fuzzer ${fuzzers})
      sallyport_fuzz_target(${fuzzer} ${library})
    endforeach()
  endif()
endfunction()
