#include "gateway/event/worker.h"

#include <csignal>

#include <pthread.h>

namespace sallyport::event {

void Worker::start(std::function<void()> prepare) {
  thread_ = std::thread([this, prepare = std::move(prepare)] {
    // Signals belong to the control thread.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), ("worker" + std::to_string(index_)).c_str());
    prepare();
    loop_.run();
  });
}

void Worker::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace sallyport::event
