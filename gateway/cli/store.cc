// Stores on disk, without a gateway: a store has one owner, so the gateway must not run meanwhile.

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/print.h"
#include "gateway/clients/lmdb_store.h"
#include "gateway/clients/store_copy.h"
#include "gateway/load/store_check.h"

namespace sallyport::cli {
namespace {

// Larger than any store that a configuration allows; a file grows only as it is filled.
constexpr std::size_t kMaxBytes = std::size_t{64} * 1024 * 1024 * 1024;

int failed(const Error& error) {
  warn("{}\n", error.text);
  return kFailed;
}

auto open_store(const std::string& folder) {
  return clients::LmdbStore::open({.folder = folder, .max_bytes = kMaxBytes});
}

// folders_of returns the stores of a configuration; nothing when it has mistakes.
std::optional<std::vector<std::string>> folders_of(const std::string& path) {
  load::Services services;
  metrics::Registry registry;
  config::Findings findings;
  const auto loaded = load::load(path, services, registry, findings);
  for (const config::Finding& finding : findings.all()) {
    if (finding.severity == config::Severity::error) warn("{}\n", finding.text());
  }
  if (!loaded || findings.has_errors()) return std::nullopt;
  return load::stores_of(*loaded);
}

int init_one(const std::string& folder) {
  const auto examined = clients::LmdbStore::examine(folder);
  if (!examined) return failed(examined.error());
  if (!examined->is_new) {
    say("{}: is there already\n", folder);
    return kOk;
  }
  if (const auto opened = open_store(folder); !opened) return failed(opened.error());
  say("{}: made\n", folder);
  return kOk;
}

int check_one(const std::string& folder) {
  const auto examined = clients::LmdbStore::examine(folder);
  if (!examined) return failed(examined.error());
  if (examined->is_taken) {
    say("{}: a gateway has it open; its entries were not read\n", folder);
    return kOk;
  }
  if (examined->is_new) {
    warn("{}: is missing or empty\n", folder);
    return kFailed;
  }
  const auto opened = open_store(folder);
  if (!opened) return failed(opened.error());
  std::size_t count = 0;
  const auto read = (*opened)->for_each({}, [&count](std::string_view, std::string_view) {
    ++count;
    return true;
  });
  if (!read) return failed(read.error());
  say("{}: good: {} entries\n", folder, count);
  return kOk;
}

int for_all(const std::string& path, int (*work)(const std::string& folder)) {
  const auto folders = folders_of(path);
  if (!folders) return kFailed;
  if (folders->empty()) say("{}: has no stores\n", path);
  int status = kOk;
  for (const std::string& folder : *folders) {
    if (work(folder) != kOk) status = kFailed;
  }
  return status;
}

int copy_out(const std::string& folder, const std::string& older) {
  const auto examined = clients::LmdbStore::examine(folder);
  if (!examined) return failed(examined.error());
  if (examined->is_new) return failed({Fault::client, folder + ": there is no store"});
  const auto opened = open_store(folder);
  if (!opened) return failed(opened.error());
  const auto count =
      older.empty()
          ? clients::export_store(**opened, [](const std::string& line) { say_document(line); })
          : clients::export_older(**opened, older);
  if (!count) return failed(count.error());
  warn("{}: {} entries\n", folder, *count);
  return kOk;
}

int copy_in(const std::string& folder) {
  const auto opened = open_store(folder);
  if (!opened) return failed(opened.error());
  const auto count = clients::import_store(std::cin, **opened);
  if (!count) return failed(count.error());
  warn("{}: {} entries\n", folder, *count);
  return kOk;
}

void add_for_all(CLI::App& store, int& status, const char* name, const char* help,
                 int (*work)(const std::string& folder)) {
  CLI::App* verb = store.add_subcommand(name, help);
  auto path = std::make_shared<std::string>();
  add_config(*verb, *path);
  verb->callback([path, work, &status] { status = for_all(*path, work); });
}

}  // namespace

void add_store(CLI::App& app, int& status) {
  CLI::App* store = app.add_subcommand(
      "store", "Make, check, copy or restore stores on disk, while no gateway has them open");
  store->require_subcommand(1);
  add_for_all(*store, status, "init",
              "Make the stores of a configuration that are missing or empty", init_one);
  add_for_all(*store, status, "check", "Read every page and entry of a configuration's stores",
              check_one);
  auto folder = std::make_shared<std::string>();
  auto older = std::make_shared<std::string>();
  CLI::App* out = store->add_subcommand("export", "Write a copy of a store to standard output");
  out->add_option("folder", *folder, "Folder of the store")->required();
  out->add_option("--older", *older,
                  "Write a store into this new folder instead, in the format of versions before "
                  "checksums");
  out->callback([folder, older, &status] { status = copy_out(*folder, *older); });
  CLI::App* in = store->add_subcommand(
      "import", "Fill an empty or missing store from a copy on standard input");
  in->add_option("folder", *folder, "Folder of the store")->required();
  in->callback([folder, &status] { status = copy_in(*folder); });
}

}  // namespace sallyport::cli
