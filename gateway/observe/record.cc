#include "gateway/observe/record.h"

#include <array>
#include <ctime>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/observe/json_line.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/module.h"

namespace sallyport::observe {
namespace {

// A path or a subject is cut here, so that one line stays far below LogQueue::kMaxLine.
constexpr std::size_t kMaxText = 512;

std::string_view cut(std::string_view text) { return text.substr(0, kMaxText); }

void append_geo(JsonLine& line, const policy::Facts& facts) {
  if (!facts.geo) return;
  const policy::Location& location = facts.geo->location();
  line.text("country", location.country());
  if (location.asn != 0) line.number("asn", location.asn);
  line.text("geo_tags", cut(facts.geo->tags()));
}

void append_tls(JsonLine& line, const policy::ConnectionFacts& connection) {
  if (connection.tls_version.empty()) return;
  line.open("tls")
      .plain("version", connection.tls_version)
      .plain("cipher", connection.tls_cipher)
      .plain("group", connection.tls_group)
      .text("sni", cut(connection.sni))
      .boolean("resumed", connection.tls_resumed)
      .close();
}

void append_certificate(JsonLine& line, const policy::Facts& facts) {
  if (!facts.client_certificate) return;
  const auto& view = facts.client_certificate->view();
  line.open("cert")
      .text("subject", cut(view.subject))
      .text("issuer", cut(view.issuer))
      .text("serial", cut(view.serial))
      .hex("sha256", view.sha256)
      .number("not_after", view.not_after)
      .text("anchor", cut(facts.client_certificate->anchor()))
      .text("entry", facts.client_certificate->entry());
  if (facts.identity) line.text("identity", facts.identity->name());
  line.close();
}

void append_token(JsonLine& line, const policy::Exchange& exchange) {
  if (!exchange.facts.token) return;
  const policy::TokenClaims& claims = exchange.facts.token->claims();
  const std::int64_t now = exchange.now.unix_seconds();
  line.open("token")
      .text("iss", cut(claims.issuer))
      .text("sub", cut(claims.subject))
      .text("client_id", cut(claims.client_id))
      .text("jti", cut(claims.token_id))
      .text("kid", cut(claims.key_id))
      .text("scopes", cut(claims.scope_text))
      .number("age_s", now - (claims.issued_at != 0 ? claims.issued_at : claims.first_seen_at))
      .number("ttl_s", claims.expires_at - now)
      .close();
}

void append_deny(JsonLine& line, std::string_view stage, std::string_view reason,
                 std::string_view evidence) {
  line.open("deny")
      .text("stage", stage)
      .text("reason", reason)
      .text("evidence", cut(evidence))
      .close();
}

void append_would_deny(JsonLine& line, const policy::Trail& trail) {
  for (const policy::Step& step : trail.steps()) {
    if (step.outcome != policy::Outcome::would_deny && step.outcome != policy::Outcome::tolerated) {
      continue;
    }
    line.open(step.outcome == policy::Outcome::would_deny ? Key("would_deny") : Key("tolerated"))
        .text("stage", step.module->name)
        .text("reason", step.reason->id)
        .text("evidence", step.evidence)
        .close();
    return;  // the first is what enforcing would answer
  }
}

void append_upstream(JsonLine& line, const RequestRecord& record) {
  if (record.upstream.empty()) return;
  line.open("upstream")
      .text("name", record.upstream)
      .text("addr", record.upstream_address)
      .boolean("reused", record.upstream_reused);
  if (record.connect_us >= 0) line.milliseconds("connect_ms", record.connect_us);
  if (record.first_byte_us >= 0) line.milliseconds("ttfb_ms", record.first_byte_us);
  if (!record.upstream_tolerated.empty()) line.text("tolerated", record.upstream_tolerated);
  line.close();
}

// append_client says who calls, and through whom: a port that nobody named is left out.
void append_client(JsonLine& line, const net::Endpoint& client, const net::Endpoint& proxy) {
  line.plain("client_ip", client.address.text());
  if (client.port != 0) line.number("client_port", client.port);
  if (proxy.address.family() == net::Family::none) return;
  line.open("proxy_peer").text("ip", proxy.address.text()).number("port", proxy.port).close();
}

void append_head(JsonLine& line, std::int64_t unix_ms, std::string_view level,
                 std::string_view event) {
  line.timestamp("ts", unix_ms).plain("level", level).plain("event", event);
}

}  // namespace

std::string_view timestamp_text(std::int64_t unix_ms) {
  // A worker writes many lines a second: what does not change within one is kept.
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  thread_local std::time_t rendered_second = -1;
  thread_local std::array<char, kForm.size() + 1> rendered;
  const std::time_t seconds = unix_ms / 1000;
  if (seconds != rendered_second) {
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::strftime(rendered.data(), rendered.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    rendered_second = seconds;
  }
  char* milliseconds = rendered.data() + kForm.find(".") + 1;
  milliseconds[0] = static_cast<char>('0' + unix_ms % 1000 / 100);
  milliseconds[1] = static_cast<char>('0' + unix_ms % 100 / 10);
  milliseconds[2] = static_cast<char>('0' + unix_ms % 10);
  return {rendered.data(), kForm.size()};
}

void append_access_line(std::string& to, const RequestRecord& record) {
  const policy::Exchange& exchange = *record.exchange;
  JsonLine line(to);
  append_head(line, exchange.arrived.unix_ms, record.reason != nullptr ? "warn" : "info",
              "request");
  line.plain("request_id", exchange.id.view())
      .text("interaction_id", exchange.interaction_id)
      .text("listener", exchange.connection.listener);
  const policy::ConnectionFacts& connection = exchange.connection;
  const net::Endpoint client{exchange.facts.client_address, exchange.facts.client_port};
  append_client(line, client, connection.proxy_peer);
  if (client.address != connection.peer) line.text("via", connection.peer.text());
  append_geo(line, exchange.facts);
  append_tls(line, exchange.connection);
  append_certificate(line, exchange.facts);
  line.text("route", record.route)
      .plain("http", exchange.connection.http_version)
      .text("method", cut(exchange.request.method_text))
      .text("host", cut(exchange.request.host))
      .text("path", cut(record.path))
      .number("status", record.status)
      .text("code", record.error_code);
  if (record.reason != nullptr) {
    append_deny(line, record.stage, record.reason->id, record.evidence);
  }
  append_would_deny(line, exchange.trail);
  append_token(line, exchange);
  append_upstream(line, record);
  line.number("bytes_in", record.bytes_in).number("bytes_out", record.bytes_out);
  line.open("dur_ms")
      .milliseconds("policy", record.policy_us)
      .milliseconds("total", record.total_us)
      .close();
  if (record.client_gone) line.boolean("client_gone", true);
  if (record.one_in > 1) line.number("one_in", record.one_in);
  line.number("config_gen", record.generation);
  line.close();
  to += '\n';
}

bool is_routine(const RequestRecord& record) {
  if (record.reason != nullptr || record.status >= 400 || record.client_gone) return false;
  for (const policy::Step& step : record.exchange->trail.steps()) {
    if (step.outcome == policy::Outcome::would_deny || step.outcome == policy::Outcome::tolerated) {
      return false;
    }
  }
  return true;
}

void append_handshake_line(std::string& to, const HandshakeRecord& record) {
  JsonLine line(to);
  append_head(line, record.at.unix_ms, "warn", record.event);
  line.text("listener", record.listener);
  append_client(line, record.client, record.proxy);
  line.text("sni", cut(record.sni));
  append_deny(line, "tls", record.reason, record.detail);
  if (!record.subject.empty() || !record.issuer.empty()) {
    line.open("cert")
        .text("subject", cut(record.subject))
        .text("issuer", cut(record.issuer))
        .text("serial", cut(record.serial))
        .close();
  }
  if (record.suppressed > 0) line.number("suppressed", record.suppressed);
  line.close();
  to += '\n';
}

void append_refused_line(std::string& to, const ConnectionRecord& record) {
  JsonLine line(to);
  append_head(line, record.at.unix_ms, "warn", "connection_refused");
  line.text("listener", record.listener);
  append_client(line, record.client, record.proxy);
  append_deny(line, "connection", record.reason, record.detail);
  if (record.suppressed > 0) line.number("suppressed", record.suppressed);
  line.close();
  to += '\n';
}

void append_surplus_line(std::string& to, const SurplusRecord& record) {
  JsonLine line(to);
  append_head(line, record.at.unix_ms, "error", "surplus_answer");
  line.text("route", record.route);
  line.open("upstream").text("name", record.upstream).text("addr", record.server).close();
  line.text("message",
            "the server sent more than its answers: it does not read all content of this route's "
            "requests, or sends content where there is none; the connection was closed. See "
            "docs/request-content.md");
  if (record.suppressed > 0) line.number("suppressed", record.suppressed);
  line.close();
  to += '\n';
}

void append_event_line(std::string& to, WallTime at, std::string_view level, std::string_view event,
                       std::string_view message) {
  JsonLine line(to);
  append_head(line, at.unix_ms, level, event);
  line.text("message", message).close();
  to += '\n';
}

}  // namespace sallyport::observe
