// Of which hosts something may be asked for on a connection, where that is not any: clients are known by certificates
// there, and each host may ask for others (RFC 9110, 15.5.20).
#pragma once

#include <string_view>

namespace brink::http {

class HostRule {
 public:
  virtual ~HostRule() = default;
  // The host is one without its port, in any case.
  virtual bool takes(std::string_view host) const = 0;
};

}  // namespace brink::http
