// The whole reactor over the fake kernel: whatever the clients, the system and the application do, in any order.
#include "fuzz/world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brink::fuzz;
  Script script(data, size);
  World world(Setup::read(script));
  while (!script.ended()) world.step(script);
  world.end();
  return 0;
}
