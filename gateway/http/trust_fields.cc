#include "gateway/http/trust_fields.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "gateway/http/folded_name.h"

namespace sallyport::http {
namespace {

constexpr TrustFamily named(std::string_view name, std::string_view believer) {
  return {name, false, believer};
}
constexpr TrustFamily all(std::string_view prefix, std::string_view believer) {
  return {prefix, true, believer};
}

// Via is not here: it is appended to along the way and nobody decides by it.
constexpr std::array kFamilies{
    all("-ws", "IBM WebSphere and Liberty: $WSRA, $WSRH, $WSSN and others of their plug-in"),
    named("affiliation", "Shibboleth SP with ShibUseHeaders"),
    all("akamai-", "origins behind Akamai"),
    all("cas-", "applications behind mod_auth_cas"),
    all("cf-", "origins behind Cloudflare: CF-Connecting-IP, Cf-Access-Jwt-Assertion"),
    named("client-cert", "RFC 9440"),
    named("client-cert-chain", "RFC 9440"),
    named("client-ip", "Citrix NetScaler's default; Azure App Service"),
    named("clientprotocol", "SAP NetWeaver: whether the client used TLS"),
    all("cloudfront-", "origins behind Amazon CloudFront"),
    all("ct-auth-", "applications behind RSA ClearTrust"),
    named("ct-remote-user", "applications behind RSA ClearTrust"),
    named("disguised-host", "Azure App Service: the host"),
    named("do-connecting-ip", "DigitalOcean App Platform"),
    named("entitlement", "Shibboleth SP with ShibUseHeaders"),
    named("eppn", "Shibboleth SP with ShibUseHeaders"),
    all("fastly-", "origins behind Fastly: Fastly-Client-IP, Fastly-SSL"),
    all("fly-", "Fly.io: Fly-Client-IP"),
    named("forwarded", "RFC 7239"),
    all("forwarded-", "older spellings of X-Forwarded-For and the like"),
    named("front-end-https", "Microsoft IIS and Exchange: whether the client used TLS"),
    all("http-",
        "applications that look for a field by its CGI name: HTTP_IV_USER, HTTP_CLIENT_IP"),
    named("https", "CGI programs: whether the client used TLS"),
    all("iv-",
        "applications behind IBM Tivoli, Security Access Manager or WebSEAL: iv-user, iv-creds"),
    all("l5d-", "Linkerd: l5d-client-id, l5d-dst-override"),
    all("mellon-", "applications behind mod_auth_mellon"),
    named("ns-client-ip", "applications behind Citrix NetScaler"),
    all("oam-", "applications behind Oracle Access Manager: OAM_REMOTE_USER"),
    all("oidc-", "applications behind mod_auth_openidc: OIDC_CLAIM_sub, OIDC_access_token"),
    all("osso-", "applications behind Oracle Single Sign-On: Osso-User-Dn"),
    named("persistent-id", "Shibboleth SP with ShibUseHeaders"),
    named("proxy", "CGI programs, which find it as HTTP_PROXY"),
    named("proxy-auth-cert", "GlassFish and Oracle iPlanet: the client certificate"),
    named("proxy-client-ip", "WebLogic's plug-in and Java applications"),
    named("proxy-host", "applications that build links: the host"),
    named("proxy-ip", "GlassFish and Oracle iPlanet: the client's address"),
    named("proxy-keysize", "GlassFish and Oracle iPlanet: whether the client used TLS"),
    named("proxy-remote-user", "applications behind web servers that authenticate"),
    named("proxy-user", "applications behind web servers that authenticate"),
    all("remote-", "Authelia and CGI names: Remote-User, REMOTE_ADDR, Remote-Groups"),
    all("shib-", "Shibboleth SP with ShibUseHeaders: Shib-Session-ID"),
    all("sm-", "applications behind SiteMinder: SM_USER, SM_UNIVERSALID"),
    all("ssl-", "Tomcat's SSLValve, SAP NetWeaver, nginx recipes: SSL_CLIENT_CERT, SSL_CIPHER"),
    all("tailscale-", "applications behind Tailscale Serve"),
    named("targeted-id", "Shibboleth SP with ShibUseHeaders"),
    all("teleport-", "applications behind Teleport"),
    named("true-client-ip", "origins behind Akamai or Cloudflare"),
    all("tyk-", "applications behind Tyk"),
    named("unscoped-affiliation", "Shibboleth SP with ShibUseHeaders"),
    named("was-default-hostname", "Azure App Service: the host"),
    all("wl-", "Oracle WebLogic: WL-Proxy-Client-IP, WL-Proxy-Client-Cert, WL-Proxy-SSL"),
    all("x-accel-", "Rack and Plack, for which files to send: X-Accel-Mapping"),
    named("x-access-token",
          "applications behind proxies that hand tokens on, such as Apache APISIX"),
    all("x-akamai-", "origins behind Akamai"),
    all("x-amzn-",
        "applications behind AWS load balancers: x-amzn-oidc-data, x-amzn-mtls-clientcert"),
    named("x-anonymous-consumer", "applications behind Kong"),
    all("x-apigateway-", "applications behind API gateways of clouds"),
    all("x-apigee-", "applications behind Apigee"),
    all("x-appengine-", "Google App Engine: the user, scheduled tasks"),
    all("x-appservice-", "Azure App Service"),
    all("x-arr-", "Microsoft IIS and Azure App Service: X-ARR-ClientCert, X-ARR-SSL"),
    all("x-auth",
        "oauth2-proxy, Kong, authentik and others: X-Auth-Request-User, X-Authenticated-Userid, "
        "X-Authentik-Username"),
    all("x-azure-", "origins behind Azure Front Door: X-Azure-ClientIP, X-Azure-FDID"),
    all("x-citrix-", "applications behind Citrix Gateway"),
    all("x-client", "HAProxy, nginx and F5 recipes: X-Client-Cert, X-Client-DN, X-Client-IP"),
    named("x-cluster-client-ip", "applications behind Riverbed and Rackspace balancers"),
    all("x-consumer-", "applications behind Kong or Apache APISIX"),
    all("x-credential-", "applications behind Kong or Apache APISIX"),
    all("x-endpoint-api-", "applications behind Google's Endpoints proxy: X-Endpoint-API-UserInfo"),
    all("x-envoy-", "Envoy: X-Envoy-Original-Path, x-envoy-external-address"),
    all("x-f5-", "applications behind F5 BIG-IP"),
    all("x-fd-", "origins behind Azure Front Door"),
    all("x-forwarded",
        "nearly all: -For, -Proto, -Host, -Prefix; -User, -Email, -Groups of oauth2-proxy; "
        "-Client-Cert of Envoy; -Tls-Client-Cert of Traefik"),
    all("x-goog-", "applications behind Google IAP: X-Goog-Authenticated-User-Email"),
    named("x-host", "frameworks: overrides the host that was judged"),
    all("x-http-", "frameworks: override method or host; X-HTTP-Method-Override"),
    named("x-id-token", "applications behind proxies that hand tokens on"),
    all("x-jwt-", "applications behind WSO2 and others: claims, X-JWT-Assertion"),
    all("x-kong-", "applications behind Kong"),
    named("x-method-override", "frameworks: overrides the method that was judged"),
    all("x-middleware-", "Next.js: X-Middleware-Subrequest skips its checks"),
    all("x-ms-client-principal", "Azure App Service: identity"),
    named("x-ms-endpoint-absolute-path", "AD FS behind its proxy: the path"),
    named("x-ms-forwarded-client-ip", "AD FS behind its proxy: the client's address"),
    named("x-ms-proxy", "AD FS behind its proxy"),
    all("x-ms-token-", "Azure App Service: tokens"),
    all("x-mtls-", "applications behind proxies that verify client certificates"),
    all("x-nf-", "applications behind Netlify"),
    all("x-original-", "IIS, Symfony and others: override path, host or method; X-Original-URL"),
    named("x-originating-ip", "applications that log the client's address"),
    all("x-override-", "frameworks: the address that was judged"),
    all("x-pomerium-", "applications behind Pomerium"),
    all("x-proxy-", "applications that build links or take a user from a proxy"),
    named("x-proxyuser-ip", "applications that log the client's address"),
    all("x-real-", "nginx recipes: X-Real-IP"),
    all("x-remote-", "Kubernetes and others: X-Remote-User, X-Remote-Group, X-Remote-Addr"),
    all("x-rewrite-", "IIS, Symfony and others: override the path that was judged; X-Rewrite-URL"),
    all("x-sallyport-", "our own"),
    named("x-scheme", "nginx ingress: whether the client used TLS"),
    all("x-sendfile-", "Rack and Plack, for which files to send: X-Sendfile-Type"),
    all("x-ssl", "HAProxy and nginx recipes: X-SSL-Client-Verify, X-SSL-Client-DN"),
    all("x-tls-", "the same with another name"),
    all("x-traefik-", "applications behind Traefik"),
    all("x-tyk-", "Tyk: X-Tyk-Authorization"),
    all("x-url-", "frameworks: X-URL-Scheme"),
    all("x-user", "applications behind Apache APISIX and others: X-User, X-User-Id, X-Userinfo"),
    all("x-vercel-", "applications behind Vercel"),
    all("x-verified-", "applications behind proxies that verify something"),
    all("x-vouch-", "applications behind Vouch Proxy"),
    all("x-webauth-", "Grafana, Gitea and others: X-WEBAUTH-USER"),
    all("x-weblogic-", "Oracle WebLogic and its plug-in"),
};

// A family is found by the first octets of a name.
constexpr std::size_t kKeySize = 3;

constexpr bool have_same_key(std::string_view name, std::string_view folded) {
  return fold(name[0]) == folded[0] && fold(name[1]) == folded[1] && fold(name[2]) == folded[2];
}

constexpr bool includes(const TrustFamily& family, std::string_view name) {
  return family.is_prefix ? folds_to_prefix(name, family.name) : folds_to(name, family.name);
}

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    if (kFamilies[i].name.size() < kKeySize) return false;
    if (!folds_to(kFamilies[i].name, kFamilies[i].name)) return false;
    if (i > 0 && kFamilies[i].name <= kFamilies[i - 1].name) return false;
  }
  return true;
}
static_assert(is_in_order(), "families are folded, sorted and not too short to be found");

// A name that a prefix has already would be an entry that nothing depends on.
constexpr bool is_without_repetition() {
  for (const TrustFamily& one : kFamilies) {
    for (const TrustFamily& other : kFamilies) {
      if (&one != &other && includes(one, other.name)) return false;
    }
  }
  return true;
}
static_assert(is_without_repetition());

// Index says where the families of a key begin. Nearly every field ends in an empty slot.
class Index {
 public:
  consteval Index() {
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
      if (i > 0 && have_same_key(kFamilies[i].name, kFamilies[i - 1].name)) continue;
      std::size_t slot = slot_of(kFamilies[i].name);
      while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
      slots_[slot] = static_cast<std::uint8_t>(i + 1);
    }
  }

  const TrustFamily* find(std::string_view name) const {
    for (std::size_t slot = slot_of(name); slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const TrustFamily* family = &kFamilies[slots_[slot] - 1u];
      if (!have_same_key(name, family->name)) continue;
      for (; family != kFamilies.data() + kFamilies.size(); ++family) {
        if (!have_same_key(name, family->name)) return nullptr;
        if (includes(*family, name)) return family;
      }
      return nullptr;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kSlots = 1024;
  static_assert(kFamilies.size() < 255);

  static constexpr std::size_t slot_of(std::string_view name) {
    const auto octet = [name](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(fold(name[i])));
    };
    return (octet(0) * 271 + octet(1) * 31 + octet(2)) % kSlots;
  }

  std::array<std::uint8_t, kSlots> slots_{};  // index into kFamilies and one; zero: none
};

constexpr Index kIndex;

}  // namespace

std::span<const TrustFamily> trust_families() { return kFamilies; }

const TrustFamily* find_trust_family(std::string_view name) {
  return name.size() < kKeySize ? nullptr : kIndex.find(name);
}

}  // namespace sallyport::http
