# One interface target carries the flags that all our code is compiled with.
set(SALLYPORT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

add_library(sallyport_flags INTERFACE)
target_include_directories(sallyport_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sallyport_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror
  -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 is wrong about these in its own string and shared_ptr when it optimises.
  target_compile_options(sallyport_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
target_compile_definitions(sallyport_flags INTERFACE SALLYPORT_VERSION="${PROJECT_VERSION}")
# Full RELRO: nothing that the loader resolved can be overwritten later.
target_link_options(sallyport_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
target_link_libraries(sallyport_flags INTERFACE Threads::Threads)
# What a memory fault is stopped by; cmake/Hardening.cmake has the list that BoringSSL gets, too.
include(${CMAKE_CURRENT_LIST_DIR}/Hardening.cmake)
target_compile_options(sallyport_flags INTERFACE ${SALLYPORT_HARDENING})
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # It needs an optimising compiler, and would hide calls from the sanitizers.
  target_compile_options(sallyport_flags INTERFACE ${SALLYPORT_FORTIFY})
endif()
if(SALLYPORT_SANITIZE)
  # Without `vptr`: it opens a pipe for each object that it looks at, and calls the object broken when
  # there is no descriptor left, as some tests want it.
  target_compile_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE}
                                                   -fno-sanitize=vptr -fno-sanitize-recover=all)
  target_link_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE})
  target_compile_definitions(sallyport_flags INTERFACE SALLYPORT_SANITIZED)
endif()
if(SALLYPORT_FUZZ)
  target_compile_options(sallyport_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
