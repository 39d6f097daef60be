#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/crypto/library.h"

namespace sallyport::cli {

void add_version(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("version", "Print versions, BoringSSL's included");
  verb->callback([&status] {
    say("sallyport {}\nBoringSSL: {}, API version {}\n", SALLYPORT_VERSION,
        SALLYPORT_BORINGSSL_ORIGIN, crypto::boringssl_api_version());
    status = kOk;
  });
}

}  // namespace sallyport::cli
