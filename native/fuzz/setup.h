// What the first bytes of a script choose: the options of the reactor and the kind of world that it lives in.
#pragma once

#include "fuzz/fake_poller.h"
#include "fuzz/script.h"
#include "reactor/options.h"

namespace brink::fuzz {

void choose_hooks(int which, reactor::Options& options);

struct Setup {
  reactor::Options options;
  FakePoller::Trigger trigger = FakePoller::Trigger::edge;
  bool is_inline = true;  // the application answers within deliver(); if not, it is behind a thread
  size_t blocks = 1;
  bool reuses_numbers = true;  // of descriptors
  size_t listeners = 1;
  bool speaks_tls = false;
  reactor::ProxyHeaders proxy_headers = reactor::ProxyHeaders::off;  // of all of them

  static Setup read(Script& script);
};

}  // namespace brink::fuzz
