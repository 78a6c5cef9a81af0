// Wakes a reactor's thread from its wait. raise() may be called on any thread; everything else belongs to the
// reactor's.
#pragma once

#include "net/fd.h"
#include "net/system.h"

namespace brink::net {

class Waker {
 public:
  // Returns 0 or a negative errno.
  int open() {
    Descriptor pair[2];
    if (int error = system::open_wakeup(pair)) return error;
    raised_ = Fd(pair[0]);
    if (pair[1] != pair[0]) raises_ = Fd(pair[1]);
    return 0;
  }

  Descriptor descriptor() const { return raised_.get(); }
  void raise() const { system::raise(raises_ ? raises_.get() : raised_.get()); }
  void lower() const { system::lower(raised_.get()); }

 private:
  Fd raised_;
  Fd raises_;  // where the two ends are different ones
};

}  // namespace brink::net
