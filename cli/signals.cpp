#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace mlpack {
namespace {

// A signal handler reaches nothing but globals.
std::atomic<Stop*> stop_of_process{nullptr};

extern "C" void request_stop(int signal) {
  Stop* stop = stop_of_process.load();
  const Fault why = signal == SIGINT ? Fault::interrupted : Fault::terminated;
  if (stop == nullptr || stop->requested()) ::_exit(static_cast<int>(why));
  stop->request(why);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  // No SA_RESTART: a read from a terminal or a pipe must end when the user wants out.
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

SignalGuard::SignalGuard(Stop& stop) {
  stop_of_process = &stop;
  handle(SIGINT, request_stop);
  handle(SIGTERM, request_stop);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);  // a write past the limit fails as on a full disk
}

SignalGuard::~SignalGuard() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  stop_of_process = nullptr;
}

}  // namespace mlpack
