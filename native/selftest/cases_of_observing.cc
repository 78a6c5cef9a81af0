// What the log and the metrics say of requests.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "llhttp.h"
#include "reactor/log_lines.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/request_log.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

using reactor::HdrHistogram;
using reactor::LineSurroundings;
using reactor::LogLines;
using reactor::Measurements;
using reactor::Metrics;
using reactor::RequestLog;

constexpr uint64_t kLongestUs = 3'600'000'000;

struct Record {
  std::vector<uint32_t> words;

  uint32_t operator[](size_t at) const { return words[at]; }
  uint64_t whole(size_t at) const { return words[at] | (uint64_t{words[at + 1]} << 32); }
  uint32_t status() const { return words[layout::kLoggedStatus] & 0xffff; }
  std::string text(size_t at) const {
    const char* texts = reinterpret_cast<const char*>(words.data() + layout::kLoggedWords);
    return std::string(texts + (words[at] & 0xffff), words[at] >> 16);
  }
};

std::shared_ptr<RequestLog> new_log() {
  return std::make_shared<RequestLog>(std::vector<std::string>{"user-agent", "x-forwarded-for"});
}

Server* serve_logged(Trial& trial, const std::shared_ptr<RequestLog>& log) {
  Setup setup = trial.setup();
  setup.options.log = log;
  return trial.serve(setup);
}

bool take_one(Trial& trial, RequestLog& log, Record* record) {
  std::vector<uint32_t> words(layout::kLogFirst + 2048);
  auto is_there = [&] {
    log.take(words.data(), words.size());
    return words[layout::kLogEnd] > layout::kLogFirst;
  };
  if (!trial.wait(is_there, "a logged request")) return false;
  record->words.assign(words.begin() + layout::kLogFirst, words.begin() + words[layout::kLogEnd]);
  return trial.expect(record->words[layout::kLoggedSize] == record->words.size(), "one logged request");
}

void answered(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  Server* server = serve_logged(trial, log);
  if (!server) return;
  Client client(server->port());
  const std::string request =
      "GET /a?b=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: none\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: "
      "2.2.2.2\r\n\r\n";
  for (uint32_t i = 0; i < 3; i++) {
    client.send(request);
    Response response = client.receive();
    if (!trial.expect_answer(response, "/a?b=1")) return;
    Record record;
    if (!take_one(trial, *log, &record)) return;
    trial.expect(record[layout::kLoggedSequence] == i, "its place on the connection");
    trial.expect(record.status() == 200 && record[layout::kLoggedEnded] == layout::kEndedAnswered, "an answer");
    trial.expect(record[layout::kLoggedMethod] == HTTP_GET, "GET");
    trial.expect(record.text(layout::kLoggedTarget) == "/a?b=1", "the target");
    trial.expect(record.text(layout::kLoggedFields) == "none", "the user agent");
    trial.expect(record.text(layout::kLoggedFields + 1) == "1.1.1.1, 2.2.2.2", "both fields as a list");
    trial.expect(record.whole(layout::kLoggedInLow) == request.size(), "the bytes that came");
    trial.expect(record.whole(layout::kLoggedOutLow) == response.head.size() + response.body.size(),
                 "the bytes that were sent");
    trial.expect(record.whole(layout::kLoggedDurationLow) < kLongestUs, "the duration");
    trial.expect(record.whole(layout::kLoggedWaitLow) <= record.whole(layout::kLoggedDurationLow),
                 "the duration from the last byte");
  }
}

void repeated(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  Setup setup = trial.setup();
  setup.options.log = log;
  setup.options.limits.fields = http::kMostFields;
  setup.options.limits.header_bytes = http::kMostHeaderBytes;
  Server* server = trial.serve(setup);
  if (!server) return;
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (uint32_t i = 2; i < http::kMostFields; i++) request += i % 2 ? "X-Forwarded-For: 1\r\n" : "User-Agent: b\r\n";
  Client client(server->port());
  client.send(request + "User-Agent: b\r\n\r\n");
  if (!trial.expect_answer(client.receive(), App::kConstant)) return;
  Record record;
  if (!take_one(trial, *log, &record)) return;
  trial.expect(record[layout::kLoggedSize] <= RequestLog::kMostWords, "a record of a limited size");
  trial.expect(record.text(layout::kLoggedTarget) == "/", "the target");
  std::string agents = record.text(layout::kLoggedFields), hops = record.text(layout::kLoggedFields + 1);
  trial.expect(agents.size() == RequestLog::kMostOfField && agents.compare(0, 4, "b, b") == 0, "its begin");
  trial.expect(hops.size() <= RequestLog::kMostOfField && hops.find_first_not_of("1, ") == hops.npos, "its own text");
  trial.expect(hops.size() > RequestLog::kMostOfField - 4 && hops.back() == '1', "the end of a list");
}

void uploaded(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  Server* server = serve_logged(trial, log);
  if (!server) return;
  Client client(server->port());
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n";
  client.send(head + std::string(200'000, 'x'));
  if (!trial.expect_answer(client.receive(), "200000")) return;
  Record record;
  if (!take_one(trial, *log, &record)) return;
  trial.expect(record.whole(layout::kLoggedInLow) == head.size() + 200'000, "the bytes that came");
}

void refused(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  Server* server = serve_logged(trial, log);
  if (!server) return;
  Client client(server->port());
  client.send("GET / HTTP/1.1 or so\r\n\"\x7f\r\n\r\n");
  if (!trial.expect_status(client.receive(), 400)) return;
  Record record;
  if (!take_one(trial, *log, &record)) return;
  trial.expect(record.status() == 400 && record[layout::kLoggedEnded] == layout::kEndedRefused, "a refusal");
  trial.expect(record[layout::kLoggedRefusal] > 0, "its reason");
  trial.expect(record[layout::kLoggedVersion] == 0, "a line that is none");
  trial.expect(record.text(layout::kLoggedTarget) == "GET / HTTP/1.1 or so", "the line as it was sent");
}

void gone(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  Setup setup = trial.setup();
  setup.options.log = log;
  // Wine tells of an end where there was a reset.
  setup.options.half_close_timeout_ms = 1;
  Server* server = trial.serve(setup);
  if (!server) return;
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  if (!trial.wait([&] { return server->stats().bytes_in > 0; }, "the request to arrive")) return;
  client.vanish();
  Record record;
  if (!take_one(trial, *log, &record)) return;
  trial.expect(record.status() == 0 && record[layout::kLoggedEnded] == layout::kEndedGone, "a client that left");
  trial.expect(record.whole(layout::kLoggedWaitLow) == UINT64_MAX, "no last byte");
}

void never_taken(Trial& trial) {
  std::shared_ptr<RequestLog> log = new_log();
  constexpr int kRequests = 100;
  {
    Server* server = serve_logged(trial, log);
    if (!server) return;
    for (int i = 0; i < kRequests; i++) {
      Client client(server->port());
      client.send(get("/"));
      if (!trial.expect_answer(client.receive(), App::kConstant)) return;
    }
    server->stop();
  }
  std::vector<uint32_t> words(layout::kLogFirst + layout::kLoggedWords + 100);
  int taken = 0;
  for (bool has_more = true; has_more;) {
    has_more = log->take(words.data(), words.size());
    for (uint32_t at = layout::kLogFirst; at < words[layout::kLogEnd]; at += words[at]) taken++;
    trial.expect(words[layout::kLogLost] == 0, "none to be lost");
  }
  trial.expect(taken == kRequests, "each request to be logged once, also when the server has stopped");
}

// Words of a record as JavaScript gives them back, with an address of IPv6 and texts that would end a line.
std::vector<uint32_t> hostile_words() {
  const std::string texts = "a\nb\"\xe9";
  std::vector<uint32_t> words(layout::kLogFirst + layout::kLoggedWords + 2);
  words[layout::kLogEnd] = static_cast<uint32_t>(words.size());
  words[layout::kLogAt] = layout::kLogFirst;
  uint32_t* record = words.data() + layout::kLogFirst;
  record[layout::kLoggedSize] = layout::kLoggedWords + 2;
  record[layout::kLoggedSlot] = 35;
  record[layout::kLoggedStatus] = 204;
  record[layout::kLoggedMethod] = HTTP_GET;
  record[layout::kLoggedVersion] = 0x101;
  record[layout::kLoggedDurationLow] = 1050;
  record[layout::kLoggedWaitLow] = 2000;
  const uint8_t address[] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2};
  std::memcpy(record + layout::kLoggedAddress, address, sizeof address);
  record[layout::kLoggedTarget] = static_cast<uint32_t>(texts.size()) << 16;
  std::memcpy(record + layout::kLoggedWords, texts.data(), texts.size());
  return words;
}

std::string lines_of(LogLines& lines, std::vector<uint32_t>& words, size_t room, const LineSurroundings& known) {
  std::string text(room, '?');
  text.resize(lines.write(words.data(), words.size(), text.data(), text.size(), known));
  return text;
}

void written(Trial& trial) {
  constexpr size_t kRoom = 1024;
  LineSurroundings known;
  known.now_ms = 951'782'399'999;  // 2000-02-28, the last millisecond
  known.zone_minutes = 90;
  known.id_prefix = "id";
  LogLines combined(LogLines::Format::combined, {"answered"}, {});
  LogLines json(LogLines::Format::json, {"answered"}, {});
  std::vector<uint32_t> words = hostile_words();
  const std::string line =
      "2001:db8::1:0:0:2 - - [29/Feb/2000:01:29:59 +0130] \"GET a\\nb\\\"\\xe9 HTTP/1.1\" 204 0 \"-\" \"-\"\n";
  trial.expect(lines_of(combined, words, line.size() - 1, known).empty(), "no line where there is no room");
  trial.expect(words[layout::kLogAt] == layout::kLogFirst && words[layout::kLogLines] == 0, "the record to be left");
  std::string made = lines_of(combined, words, line.size(), known);
  trial.expect(made == line, made.c_str());
  trial.expect(words[layout::kLogAt] == words.size() && words[layout::kLogLines] == 1, "the record to be written");
  words = hostile_words();
  made = lines_of(json, words, kRoom, known);
  trial.expect(
      made ==
          "{\"time\":\"2000-02-28T23:59:59.999Z\",\"ip\":\"2001:db8::1:0:0:2\",\"peer\":\"unix:\","
          "\"method\":\"GET\",\"target\":\"a\\nb\\\"\xc3\xa9\",\"version\":\"1.1\",\"status\":204,"
          "\"bytesIn\":0,\"bytesOut\":0,\"duration\":1.05,\"wait\":2,\"end\":\"answered\",\"id\":\"id-z-0-0\"}\n",
      made.c_str());
}

void never_believed(Trial& trial) {
  LogLines json(LogLines::Format::json, {}, {});
  std::string text(4096, ' ');
  uint32_t random = 1;
  for (size_t place = 0; place < hostile_words().size(); place++) {
    for (uint32_t value : {0u, 1u, 7u, 0xffffu, 0x10000u, 0x7fffffffu, 0xffffffffu, 0u}) {
      std::vector<uint32_t> words = hostile_words();
      random = random * 1664525 + 1013904223;
      words[place] = value ? value : random;
      json.write(words.data(), words.size(), text.data(), random % text.size(), {1e300, -2'000'000'000, ""});
    }
  }
  trial.expect(true, "nothing outside of the words and the room to be touched");
}

void measured(Trial& trial) {
  Setup setup = trial.setup();
  auto metrics = std::make_shared<Metrics>(uint16_t{3});
  setup.options.metrics = metrics;
  Server* server = trial.serve(setup);
  if (!server) return;
  constexpr int kRequests = 20;
  Client client(server->port());
  for (int i = 0; i < kRequests; i++) {
    client.send(get("/"));
    if (!trial.expect_answer(client.receive(), App::kConstant)) return;
  }
  Client other(server->port());
  other.send("no request\r\n\r\n");
  if (!trial.expect_status(other.receive(), 400)) return;
  std::vector<double> row(layout::kMetricsRow);
  auto requests = [&](size_t method, size_t status_class) {
    return metrics->read(0, row.data())
               ? row[layout::kMetricsRequests + layout::kMetricsClasses * method + status_class]
               : 0;
  };
  trial.wait([&] { return requests(0, 2) == kRequests && requests(layout::kMetricsMethods - 1, 4) == 1; },
             "each request to be counted by its method and its status");
  double durations = 0;
  for (size_t bucket = 0; bucket < layout::kMetricsBuckets; bucket++) {
    durations += row[layout::kMetricsBucketsAt + bucket];
  }
  trial.expect(durations >= kRequests, "each duration to be counted");
  std::vector<double> batches(layout::kMetricsBatches);
  metrics->read_batches(batches.data());
  trial.expect(batches[0] == kRequests, "batches of one request each");
  trial.expect(batches[layout::kMetricsBatchSizes] == kRequests, "the sum of their requests");
}

void buckets(Trial& trial) {
  size_t last = 0;
  for (uint64_t us = 0; us < 100'000; us++) {
    size_t bucket = Metrics::bucket_of(us);
    trial.expect(bucket == last || bucket == last + 1, "no bucket to be left out");
    last = bucket;
  }
  trial.expect(Metrics::bucket_of((uint64_t{1} << 32) - 1) == layout::kMetricsBuckets - 2, "the last that has a bound");
  trial.expect(Metrics::bucket_of(uint64_t{1} << 32) == layout::kMetricsBuckets - 1, "the one that has none");
  trial.expect(Metrics::bucket_of(UINT64_MAX) == layout::kMetricsBuckets - 1, "the same for the longest");
}

// Of what is measured of a run, while the reactor goes on.
struct Measured {
  explicit Measured(const Measurements& from) {
    from.read_run(0, run.data());
    from.read_loop(loop.data());
    from.read_numbers(0, numbers);
    service_times = counts_of(from.service_times(0));
    client_waits = counts_of(from.client_waits(0));
  }

  static std::vector<double> counts_of(const HdrHistogram* histogram) {
    std::vector<double> counts(histogram ? histogram->size() : 0);
    if (histogram) histogram->read(counts.data(), counts.size());
    return counts;
  }
  static double sum(const std::vector<double>& of, size_t from = 0, size_t size = SIZE_MAX) {
    double total = 0;
    for (size_t at = from; at < of.size() && at - from < size; at++) total += of[at];
    return total;
  }
  double ended(size_t end) const { return numbers.empty() ? 0 : numbers[layout::kMeasuredEndsAt + end]; }
  // Whole answers, or those that were not.
  double answers(double status, size_t which) const {
    for (size_t at = layout::kMeasuredStatuses; at + 2 < numbers.size(); at += 3) {
      if (numbers[at] == status) return numbers[at + 1 + which];
    }
    return 0;
  }
  double closes(size_t cause) const { return run[layout::kMeasuredCloses + cause]; }

  std::vector<double> run = std::vector<double>(layout::kMeasuredRun);
  std::vector<double> loop = std::vector<double>(layout::kMeasuredLoop);
  std::vector<double> numbers, service_times, client_waits;
};

Server* serve_measured(Trial& trial, const std::shared_ptr<Measurements>& measurements) {
  Setup setup = trial.setup();
  setup.options.measurements = measurements;
  return trial.serve(setup);
}

void measured_by_number(Trial& trial) {
  auto measurements = std::make_shared<Measurements>();
  Server* server = serve_measured(trial, measurements);
  if (!server) return;
  constexpr int kRequests = 20;
  const std::string request = get("/");
  size_t answer_bytes = 0;
  {
    Client client(server->port());
    for (int i = 0; i < kRequests; i++) {
      client.send(request);
      Response response = client.receive();
      if (!trial.expect_answer(response, App::kConstant)) return;
      answer_bytes = response.head.size() + response.body.size();
      Measured now(*measurements);
      trial.expect(Measured::sum(now.service_times) <= kRequests, "no time to be counted twice");
    }
  }
  Client silent(server->port());
  silent.finish_sending();
  if (!trial.expect(silent.sees_end(), "a connection without a request to end")) return;
  Client other(server->port());
  other.send("no request\r\n\r\n");
  if (!trial.expect_status(other.receive(), 400)) return;
  auto is_all = [&] {
    Measured now(*measurements);
    return now.ended(layout::kEndedAnswered) == kRequests && now.ended(layout::kEndedRefused) == 1 &&
           now.closes(layout::kClosedByClient) >= 1 &&
           Measured::sum(now.loop, layout::kMeasuredIdleCloses, layout::kMeasuredCauses) == 1;
  };
  if (!trial.wait(is_all, "each request and each end of a connection to be counted")) return;
  Measured now(*measurements);
  trial.expect(now.answers(200, 0) == kRequests && now.answers(400, 0) == 1, "answers by their status");
  trial.expect(now.answers(200, 1) == 0, "none that was broken off");
  trial.expect(now.numbers[layout::kMeasuredBytesIn] >= kRequests * static_cast<double>(request.size()), "bytes in");
  trial.expect(now.numbers[layout::kMeasuredBytesOut] >= kRequests * static_cast<double>(answer_bytes), "bytes out");
  trial.expect(Measured::sum(now.service_times) == kRequests, "a service time for each whole answer");
  trial.expect(now.client_waits.size() > 0 && now.client_waits[0] == kRequests, "answers that no client has let wait");
  trial.expect(now.run[layout::kMeasuredServiceSum] > 0, "their sum");
  trial.expect(now.run[layout::kMeasuredConnections] == 2, "connections with answers");
  trial.expect(now.run[layout::kMeasuredMostRequests] == kRequests, "the most requests of a connection");
  trial.expect(now.loop[layout::kMeasuredRequests] == kRequests + 1, "requests that have begun");
  measurements->forget_most_requests();
  trial.expect(Measured(*measurements).run[layout::kMeasuredMostRequests] == 0, "what was forgotten");
}

void waited_for(Trial& trial) {
  auto measurements = std::make_shared<Measurements>();
  Server* server = serve_measured(trial, measurements);
  if (!server) return;
  Client client(server->port());
  client.send(get("/large"));
  if (!trial.wait([&] { return server->stats().partial_writes > 0; }, "more than the socket takes")) return;
  Response response = client.receive();
  trial.expect(response.body.size() == App::kLargeBytes, "the whole answer");
  trial.wait([&] { return Measured::sum(Measured(*measurements).client_waits) == 1; }, "the answer to be taken");
  Measured now(*measurements);
  trial.expect(now.run[layout::kMeasuredWaitSum] > 0, "it to have waited for its client");
  trial.expect(now.run[layout::kMeasuredWaitSum] <= now.run[layout::kMeasuredServiceSum],
               "and that to be a part of all");
  trial.expect(server->stats().sends.all > 1 && server->stats().receives > 0, "system calls to be counted");
}

void places(Trial& trial) {
  size_t last = 0;
  for (uint64_t us = 0; us < 1'000'000; us++) {
    size_t place = HdrHistogram::place_of(us);
    // The value that the layout tells of the place is near to three digits.
    uint64_t least = place < 2 * layout::kHistogramChunk ? place
                                                         : (place % layout::kHistogramChunk + layout::kHistogramChunk)
                                                               << (place / layout::kHistogramChunk - 1);
    trial.expect(place == last || place == last + 1, "no count to be left out");
    trial.expect(least <= us && us - least <= us / 1000, "three significant digits");
    last = place;
  }
  trial.expect(HdrHistogram::place_of(UINT64_MAX) == HdrHistogram::place_of(HdrHistogram::kLongestUs), "the hour");
  trial.expect(HdrHistogram::place_of(UINT64_MAX) < layout::kHistogramChunk * layout::kHistogramChunks, "the last");
  HdrHistogram histogram;
  trial.expect(histogram.size() == 0, "no memory before the first duration");
  histogram.record(5);
  trial.expect(histogram.size() == layout::kHistogramChunk, "the chunk that is used");
  histogram.record(UINT64_MAX);
  trial.expect(Measured::sum(Measured::counts_of(&histogram)) == 2, "each duration to be counted");
}

}  // namespace

std::vector<Case> cases_of_observing() {
  return {
      {"an answered request is logged with its times and bytes", answered},
      {"a field that comes again and again is logged to a length", repeated},
      {"a body counts among the bytes of its request", uploaded},
      {"a refused request is logged as it was sent", refused},
      {"a client that leaves is logged", gone},
      {"what nobody has taken is kept when the server stops", never_taken},
      {"a record is written as a line", written},
      {"words of records are not believed", never_believed},
      {"requests are counted by method, status and duration", measured},
      {"buckets of durations follow each other", buckets},
      {"a target's requests are counted by number, status and end, and its connections by cause", measured_by_number},
      {"what an answer has waited for its client is measured", waited_for},
      {"an HDR histogram has three digits, and memory for what is used", places, once},
  };
}

}  // namespace brink::selftest
