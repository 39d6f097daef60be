#pragma once

// The command line: one file a verb, each adding itself to the application. A verb's function runs
// after parsing and leaves the process's exit status.

#include <CLI/CLI.hpp>

namespace sallyport::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;    // what was asked for is not so, or could not be done
inline constexpr int kUsage = 2;     // the command line itself is wrong
inline constexpr int kWarnings = 3;  // check --strict: there are warnings and no errors

void add_run(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);
void add_reload(CLI::App& app, int& status);
void add_store(CLI::App& app, int& status);
void add_schema(CLI::App& app, int& status);
void add_version(CLI::App& app, int& status);
void add_why(CLI::App& app, int& status);
void add_revoke(CLI::App& app, int& status);
void add_status(CLI::App& app, int& status);
void add_keys(CLI::App& app, int& status);
void add_certs(CLI::App& app, int& status);
void add_trust(CLI::App& app, int& status);
void add_explain(CLI::App& app, int& status);

// run_command_line parses and runs; it returns the exit status.
int run_command_line(int argc, char** argv);

}  // namespace sallyport::cli
