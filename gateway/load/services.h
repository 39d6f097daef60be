#pragma once

// Services keeps what plans depend on for longer than one generation: key followers, stores. A
// reload finds the running one by its key; what no plan uses any more ends with the last plan.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "gateway/policy/module.h"

namespace sallyport::load {

class Services {
 public:
  using Make = std::function<std::shared_ptr<policy::Service>()>;

  std::shared_ptr<policy::Service> find_or_make(std::type_index type, const std::string& key,
                                                const Make& make);
  // start_new starts what was made since the last call.
  void start_new(event::Loop& control, event::Broadcast& broadcast);
  // all returns the living ones.
  std::vector<std::shared_ptr<policy::Service>> all() const;

 private:
  struct Slot {
    std::weak_ptr<policy::Service> service;
    bool started = false;
  };
  std::map<std::pair<std::type_index, std::string>, Slot> slots_;
};

}  // namespace sallyport::load
