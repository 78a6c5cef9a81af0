// The list of pollers. A new one is a file of its own and a line here.
#include "poller/poller.h"

namespace brink::poller {

std::unique_ptr<Poller> open_epoll(int* error);

const std::vector<Backend>& backends() {
  static const std::vector<Backend> list = {
      {"epoll", open_epoll},
  };
  return list;
}

const Backend* find_backend(std::string_view name) {
  for (const Backend& backend : backends()) {
    if (name == "auto" || name == backend.name) return &backend;
  }
  return nullptr;
}

}  // namespace brink::poller
