// Lines of an access log, as TypeScript has them made.
//
//   new LogLines({ format, ends, patterns })
//     .write(words, into, at, nowMs, zoneMinutes, idPrefix, ip?, id?)
//       writes the records that takeLogged has put into an Int32Array, from LOG_AT on, into a Uint8Array from a place
//       on, as many as there is room for; with an ip and an id, one. Moves LOG_AT behind them, and gives the place
//       behind the lines
#pragma once

#include <napi.h>

namespace brink::binding {

void define_log_lines(Napi::Env env, Napi::Object exports);

}  // namespace brink::binding
