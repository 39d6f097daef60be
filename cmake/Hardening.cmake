# Compiler flags against the exploitation of memory faults, for our code (cmake/Flags.cmake) and for
# BoringSSL (cmake/boringssl) alike. tests/lint/hardening.py reads every compile command and what came
# of it.
#   stack-protector-strong   a canary behind arrays and addressed locals
#   stack-clash-protection   a large frame touches each page, so that it cannot jump over the guard page
#   cf-protection            x86: indirect calls and returns land only where they may (IBT, SHSTK)
#   branch-protection        the same for aarch64 (BTI, PAC)
#   _GLIBCXX_ASSERTIONS      the standard library checks indices, emptiness and dereferences
#   _FORTIFY_SOURCE          the C library checks the sizes of copies (needs optimisation)
set(SALLYPORT_HARDENING -fstack-protector-strong -fstack-clash-protection
                        $<$<COMPILE_LANGUAGE:CXX>:-D_GLIBCXX_ASSERTIONS>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  list(APPEND SALLYPORT_HARDENING -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  list(APPEND SALLYPORT_HARDENING -mbranch-protection=standard)
endif()
set(SALLYPORT_FORTIFY -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
