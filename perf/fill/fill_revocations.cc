// Fills a revocation store, so that a gateway under load has as many revocations as a busy bank:
//   sallyport_fill_revocations FOLDER COUNT

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "modules/revocation/revocation_store.h"

int main(int argc, char** argv) {
  using namespace sallyport::revocation;
  if (argc != 3) {
    std::fprintf(stderr, "usage: sallyport_fill_revocations FOLDER COUNT\n");
    return 2;
  }
  auto store = open_lmdb(argv[1], std::size_t{4} << 30);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().text.c_str());
    return 1;
  }
  const std::int64_t now = std::time(nullptr);
  for (long i = 0, count = std::atol(argv[2]); i < count; ++i) {
    Record record;
    record.unit = kUnits[static_cast<std::size_t>(i) % kUnits.size()];
    record.value = "revoked-in-a-benchmark-" + std::to_string(i);
    record.cutoff = record.unit == Unit::subject || record.unit == Unit::client ? now : kAlways;
    record.made = now;
    record.expires = now + 24 * 3600;
    if (const auto put = (*store)->put(record); !put) {
      std::fprintf(stderr, "%s\n", put.error().text.c_str());
      return 1;
    }
  }
}
