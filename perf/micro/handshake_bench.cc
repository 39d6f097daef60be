// What a full TLS 1.3 handshake with a client certificate costs the gateway: the CPU time of its
// side alone, with the chain verified anew and remembered.

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "gateway/tls/server_context.h"
#include "perf/micro/measure.h"
#include "tests/support/test_ca.h"

namespace sallyport::perf {
namespace {

using test::TestCa;

// Identities are a server's and a client's, and what the server trusts.
struct Identities {
  explicit Identities(const TestCa& clients)
      : client(clients.intermediate("Issuing CA").issue({.client_auth = true})) {
    const test::Identity server =
        TestCa("Server CA").issue({.dns_names = {"api.example"}, .server_auth = true});
    auto made = std::make_shared<tls::ServerConfig>();
    made->listener = "bench";
    made->entries.push_back(
        {"api.example",
         {"api.example"},
         tls::Credentials::from_pem(server.chain_pem(), server.key_pem(), wall_now())->credentials,
         tls::TrustStore::from_pem("plaid", clients.certificate_pem(), wall_now())->store});
    made->default_entry = 0;
    config = std::move(made);
  }
  std::shared_ptr<tls::ServerContext> context() const {
    auto made = tls::ServerContext::make(config, tickets);
    SALLYPORT_CHECK(made.has_value());
    return std::move(*made);
  }

  test::Identity client;
  std::shared_ptr<const tls::ServerConfig> config;
  std::shared_ptr<const tls::TicketKeys> tickets = tls::TicketKeys::make();
};

// Caller is the library's own client with a certificate, which believes any server.
class Caller {
 public:
  explicit Caller(const test::Identity& identity) : context_(SSL_CTX_new(TLS_method())) {
    SSL_CTX_set_custom_verify(context_.get(), SSL_VERIFY_NONE,
                              [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    use(identity.der, true);
    for (const std::string& der : identity.issuers_der) use(der, false);
    SALLYPORT_CHECK(SSL_CTX_use_PrivateKey(context_.get(), identity.key.get()) == 1);
  }
  bssl::UniquePtr<SSL> connect(int fd) const {
    bssl::UniquePtr<SSL> ssl(SSL_new(context_.get()));
    SALLYPORT_CHECK(ssl && SSL_set_fd(ssl.get(), fd) == 1);
    return ssl;
  }

 private:
  void use(const std::string& der, bool is_leaf) {
    const std::uint8_t* data = crypto::data_of(der);
    bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
    SALLYPORT_CHECK((is_leaf ? SSL_CTX_use_certificate(context_.get(), certificate.get())
                             : SSL_CTX_add1_chain_cert(context_.get(), certificate.get())) == 1);
  }
  bssl::UniquePtr<SSL_CTX> context_;
};

// shake runs one handshake and returns the CPU time of the server's side in nanoseconds.
std::int64_t shake(tls::ServerContext& server, const Caller& caller) {
  std::array<int, 2> fds{};
  SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
  std::int64_t spent = -thread_cpu_ns();
  const auto transport = server.accept(fds[0]);
  spent += thread_cpu_ns();
  const auto client = caller.connect(fds[1]);
  for (bool is_done = false; !is_done;) {
    SSL_connect(client.get());
    spent -= thread_cpu_ns();
    const auto result = transport->handshake(wall_now());
    spent += thread_cpu_ns();
    SALLYPORT_CHECK(result.outcome != tls::HandshakeResult::Outcome::failed);
    is_done = result.outcome == tls::HandshakeResult::Outcome::done;
  }
  SALLYPORT_CHECK(transport->info().peer != nullptr);
  close(fds[1]);
  return spent;
}

// A context that has not seen the client verifies its chain; one that has remembers.
void handshake(benchmark::State& state, bool is_known) {
  const TestCa clients("Client CA");
  const Identities identities(clients);
  const Caller caller(identities.client);
  auto server = identities.context();
  shake(*server, caller);
  for (auto _ : state) {
    if (!is_known) server = identities.context();
    state.SetIterationTime(static_cast<double>(shake(*server, caller)) / 1e9);
  }
}

void handshake_known(benchmark::State& state) { handshake(state, true); }
BENCHMARK(handshake_known)->Name("tls/handshake_mutual_known_client")->UseManualTime();

void handshake_new(benchmark::State& state) { handshake(state, false); }
BENCHMARK(handshake_new)->Name("tls/handshake_mutual_new_client")->UseManualTime();

}  // namespace
}  // namespace sallyport::perf
