// The load generator: many clients on one core, each a TLS connection to 127.0.0.1. It prints one
// line of JSON when it is done, and the words "measuring" and "done" as they come, so that whoever
// started it can read the CPU time of the server in between.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "gateway/tls/client_context.h"
#include "perf/load/h1_client.h"
#include "perf/load/h2_client.h"
#include "perf/load/run.h"

namespace sallyport::perf {
namespace {

void declare(CLI::App& app, Options& options) {
  app.add_option("--host", options.host, "server name, in SNI and Host")->required();
  app.add_option("--port", options.port)->required();
  app.add_option("--source", options.source, "loopback address to connect from");
  app.add_option("--path", options.path);
  app.add_option("--ca", options.ca_file, "PEM file that vouches for the server")->required();
  app.add_option("--cert", options.certificate_file, "client certificate");
  app.add_option("--key", options.key_file);
  app.add_option("--tokens", options.token_file, "bearer tokens, one a line, taken in turn");
  app.add_option("-c,--connections", options.connections);
  app.add_option("--streams", options.streams, "requests at a time on an HTTP/2 connection");
  app.add_option("--seconds", options.seconds, "how long to measure");
  app.add_option("--warm-up", options.warm_up, "seconds before");
  app.add_option("--rate", options.rate, "requests a second; 0: as many as possible");
  app.add_option("--requests", options.requests, "end after so many, whatever the time");
  app.add_flag("--http2", options.http2);
  app.add_flag("--close", options.close, "a connection for each request");
  app.add_flag("--idle", options.idle, "connect and ask nothing");
}

std::vector<std::string> read_tokens(const Options& options) {
  std::vector<std::string> tokens;
  std::ifstream file(options.token_file);
  for (std::string line; std::getline(file, line);) tokens.push_back("Bearer " + line);
  if (tokens.empty()) tokens.emplace_back();
  return tokens;
}

std::vector<std::string> make_requests(const Options& options) {
  auto requests = read_tokens(options);
  if (options.http2) return requests;
  for (std::string& request : requests) {
    const std::string authorization = request.empty() ? "" : "Authorization: " + request + "\r\n";
    request = "GET " + options.path + " HTTP/1.1\r\nHost: " + options.host + "\r\n" +
              authorization + "Accept: application/json\r\nUser-Agent: load\r\n\r\n";
  }
  return requests;
}

std::shared_ptr<tls::ClientContext> make_tls(const Options& options) {
  tls::ClientConfig config;
  auto trust = tls::TrustStore::load("load", options.ca_file, wall_now());
  if (!trust) throw std::runtime_error(trust.error().text);
  config.trust = trust->store;
  if (!options.certificate_file.empty()) {
    auto own = tls::Credentials::load(options.certificate_file, options.key_file, wall_now());
    if (!own) throw std::runtime_error(own.error().text);
    config.credentials = own->credentials;
  }
  config.alpn = {options.http2 ? "h2" : "http/1.1"};
  config.resumes_sessions = false;  // what is measured is the whole handshake
  auto context = tls::ClientContext::make(std::move(config));
  if (!context) throw std::runtime_error(context.error().text);
  return *context;
}

void say(const std::string& line) { std::cout << line << std::endl; }

int generate(const Options& options) {
  event::Loop loop;
  const auto tls = make_tls(options);
  Run run(loop, options, make_requests(options));
  MonoTime measured{};
  std::string result;
  run.begin(
      [&] {
        measured = mono_now();
        say("measuring");
      },
      [&] {
        result = run.json(static_cast<double>(mono_now().us - measured.us) / 1e6);
        say("done");
        loop.stop();
      });
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < options.connections; ++i) {
    if (options.http2) {
      clients.push_back(std::make_unique<H2Client>(loop, options, *tls, run));
    } else {
      clients.push_back(std::make_unique<H1Client>(loop, options, *tls, run));
    }
    if (i % 64 == 63) loop.run_once();
  }
  loop.run();
  say(result);
  return 0;
}

}  // namespace
}  // namespace sallyport::perf

int main(int argc, char** argv) {
  CLI::App app("load generator for Sallyport and its rivals");
  sallyport::perf::Options options;
  sallyport::perf::declare(app, options);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return sallyport::perf::generate(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
  }
}
