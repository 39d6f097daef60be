# Finds BoringSSL and defines BoringSSL::crypto and BoringSSL::ssl. Looked for in this order:
#   1. -DBORINGSSL_ROOT=<prefix>: one that the operator built (installed, or a source tree with build/);
#   2. the static build of Debian's source that scripts/setup keeps in its cache;
#   3. Debian's android-libboringssl-dev, which works but was compiled for size.
# OpenSSL is never taken instead: a folder without BoringSSL's own base.h is refused.
# sallyport_boringssl_origin carries SALLYPORT_BORINGSSL_ORIGIN, which `sallyport version` prints.

set(BORINGSSL_ROOT "" CACHE PATH "A BoringSSL built by hand: include/ with lib/ or build/ beside it")

if(DEFINED ENV{SALLYPORT_CACHE})
  set(boringssl_cache $ENV{SALLYPORT_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(boringssl_cache $ENV{XDG_CACHE_HOME}/sallyport)
else()
  set(boringssl_cache $ENV{HOME}/.cache/sallyport)
endif()
# VERSION is written last, so a folder that has one is whole.
file(GLOB boringssl_built ${boringssl_cache}/boringssl-*/VERSION)
list(SORT boringssl_built COMPARE NATURAL ORDER DESCENDING)

# Sets boringssl_include, boringssl_ssl and boringssl_crypto in the caller, or empties them.
function(boringssl_look_in prefix)
  find_path(include openssl/ssl.h NO_DEFAULT_PATH NO_CACHE PATHS ${prefix}/include
                                                                 ${prefix}/src/include)
  foreach(name ssl crypto)
    find_library(${name} NAMES lib${name}.a NO_DEFAULT_PATH NO_CACHE
                 PATHS ${prefix}/lib ${prefix}/lib64 ${prefix}/build ${prefix}/build/${name})
    set(boringssl_${name} "${${name}}" PARENT_SCOPE)
  endforeach()
  set(boringssl_include "${include}" PARENT_SCOPE)
endfunction()

if(BORINGSSL_ROOT)
  boringssl_look_in(${BORINGSSL_ROOT})
  set(origin "BORINGSSL_ROOT")
elseif(boringssl_built)
  list(GET boringssl_built 0 newest)
  file(STRINGS ${newest} version LIMIT_COUNT 1)
  get_filename_component(newest ${newest} DIRECTORY)
  boringssl_look_in(${newest})
  set(origin "debian-source ${version}")
else()
  message(WARNING "No static BoringSSL in ${boringssl_cache}: taking android-libboringssl, compiled "
                  "for size, which makes P-256 signatures several times slower. "
                  "Run scripts/setup for the fast one.")
  set(android /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android)
  set(boringssl_include /usr/include/android)
  set(boringssl_ssl ${android}/libssl.so)
  set(boringssl_crypto ${android}/libcrypto.so)
  set(origin "android-libboringssl (OPENSSL_SMALL)")
endif()

foreach(part include ssl crypto)
  if(NOT boringssl_${part} OR NOT EXISTS ${boringssl_${part}})
    message(FATAL_ERROR "BoringSSL (${origin}): no ${part} found. Run scripts/setup, or point "
                        "BORINGSSL_ROOT at a folder with include/ and lib/lib{ssl,crypto}.a")
  endif()
endforeach()
file(STRINGS ${boringssl_include}/openssl/base.h boringssl_mark REGEX "define OPENSSL_IS_BORINGSSL")
if(NOT boringssl_mark)
  message(FATAL_ERROR "${boringssl_include} is not BoringSSL (base.h defines no OPENSSL_IS_BORINGSSL)")
endif()

foreach(name crypto ssl)
  add_library(BoringSSL::${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(BoringSSL::${name} PROPERTIES
    IMPORTED_LOCATION ${boringssl_${name}}
    INTERFACE_INCLUDE_DIRECTORIES ${boringssl_include})
endforeach()
set_property(TARGET BoringSSL::crypto PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads)
set_property(TARGET BoringSSL::ssl PROPERTY INTERFACE_LINK_LIBRARIES BoringSSL::crypto)

set(SALLYPORT_BORINGSSL_ORIGIN ${origin} CACHE INTERNAL "Where BoringSSL came from")
get_filename_component(SALLYPORT_BORINGSSL_PREFIX ${boringssl_include} DIRECTORY)
add_library(sallyport_boringssl_origin INTERFACE)
target_compile_definitions(sallyport_boringssl_origin INTERFACE
                           SALLYPORT_BORINGSSL_ORIGIN="${SALLYPORT_BORINGSSL_ORIGIN}")
message(STATUS "BoringSSL: ${origin} (${boringssl_ssl})")
