// The exchange's return path: clients that wait for answers, some of them behind others, and blocks of replies in which
// anything may stand. The script goes on as the reactor's does.
#include "fuzz/world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brink::fuzz;
  Script script(data, size);
  uint8_t kind = script.byte();
  Setup setup;
  setup.trigger = kind & 1 ? FakePoller::Trigger::level : FakePoller::Trigger::edge;
  setup.blocks = kind & 2 ? 2 : 1;
  setup.is_inline = setup.blocks == 1;
  setup.options.max_pending_output_bytes = kind & 4 ? 100 : 1024 * 1024;
  choose_hooks(kind & 8 ? 2 : kind & 16 ? 3 : 1, setup.options);
  World world(setup);
  world.application().answer_at_once(false);
  world.connect(5);
  world.client_sends(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 3);
  world.client_sends(1, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
  world.client_sends(2, "GET / HTTP/1.0\r\n\r\n", 1);
  world.client_sends(3, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n", 1);
  world.client_sends(4, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody", 1);
  world.turn(0);
  world.turn(0);
  while (!script.ended()) world.step(script);
  world.end();
  return 0;
}
