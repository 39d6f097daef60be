#pragma once

// The memory of this process holds private keys, ticket keys and tokens. A core file, or another
// process of the same user that attaches, would read them all. See prctl(2), PR_SET_DUMPABLE.

namespace sallyport {

// forbid_core_dumps makes the process not dumpable and its limit for core files zero. It does
// nothing in a build with sanitizers: the leak checker attaches to its own process.
void forbid_core_dumps();

// allow_core_dumps takes that back: the limit is what it was when forbid_core_dumps was called
// first.
void allow_core_dumps();

}  // namespace sallyport
