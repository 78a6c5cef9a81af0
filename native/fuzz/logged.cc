#include "fuzz/logged.h"

#include <numeric>

#include "fuzz/check.h"

namespace brink::fuzz {
namespace {

// Less than a flood has, so that it is taken in several parts.
constexpr size_t kWordsAtOnce = 4096;

uint64_t whole_of(const uint32_t* halves) { return halves[0] | (uint64_t{halves[1]} << 32); }

}  // namespace

void Logged::read(reactor::RequestLog& log, const FakeKernel& kernel, const std::deque<Conversation>& conversations) {
  words_.resize(kWordsAtOnce);
  for (bool has_more = true; has_more;) {
    has_more = log.take(words_.data(), words_.size());
    BRINK_HOLDS(words_[layout::kLogLost] == 0, "requests are lost, and all were taken");
    uint32_t end = words_[layout::kLogEnd];
    BRINK_HOLDS(end <= words_.size(), "more is logged than there is room for");
    size_t records = 0;
    for (uint32_t at = layout::kLogFirst; at < end; at += words_[at], records++) {
      BRINK_HOLDS(words_[at] >= layout::kLoggedWords && words_[at] <= end - at, "a logged request of %u words",
                  words_[at]);
      read_one(words_.data() + at, kernel, conversations);
    }
    check_lines(combined_, records);
    check_lines(json_, records);
  }
}

// Each record is one line, which nothing in it can end, in however many pieces of room they are written.
void Logged::check_lines(reactor::LogLines& lines, size_t records) {
  constexpr size_t kRoom = 32 * 1024;
  text_.resize(kRoom);
  words_[layout::kLogAt] = layout::kLogFirst;
  size_t written = 0;
  while (words_[layout::kLogAt] < words_[layout::kLogEnd]) {
    size_t size = lines.write(words_.data(), words_.size(), text_.data(), text_.size(), {1e12, 330, "id"});
    size_t ends = 0;
    for (size_t at = 0; at < size; at++) {
      auto byte = static_cast<uint8_t>(text_[at]);
      if (byte == '\n') ends++;
      BRINK_HOLDS(byte == '\n' || (byte >= 0x20 && byte != 0x7f), "a logged line has the control %u", byte);
    }
    BRINK_HOLDS(size > 0 && text_[size - 1] == '\n', "a logged line that has no end");
    BRINK_HOLDS(ends == words_[layout::kLogLines], "%zu lines of %u records", ends, words_[layout::kLogLines]);
    written += ends;
  }
  BRINK_HOLDS(written == records, "%zu lines of %zu records", written, records);
}

void Logged::read_one(const uint32_t* words, const FakeKernel& kernel, const std::deque<Conversation>& conversations) {
  size_t number = words[layout::kLoggedPeerPort];
  BRINK_HOLDS(number < kernel.clients(), "a request of nobody is logged");
  const Client& client = kernel.client(number);
  uint32_t text_bytes = 4 * (words[layout::kLoggedSize] - layout::kLoggedWords);
  for (size_t at = layout::kLoggedMethodName; at < layout::kLoggedWords; at++) {
    if (at == layout::kLoggedVersion) continue;
    BRINK_HOLDS((words[at] & 0xffff) + (words[at] >> 16) <= text_bytes, "client %zu: a logged text that is elsewhere",
                number);
  }
  uint64_t began_us = whole_of(words + layout::kLoggedBeganLow), now_us = kernel.now_ms() * 1000;
  BRINK_HOLDS(began_us <= now_us && began_us + whole_of(words + layout::kLoggedDurationLow) <= now_us,
              "client %zu: a request of the future is logged", number);
  OfClient& logged = clients_[number];
  uint32_t end = words[layout::kLoggedEnded], refusal = words[layout::kLoggedRefusal];
  BRINK_HOLDS(end <= layout::kEndedUnanswered && refusal < http::kRefusalCount, "client %zu: an end of no kind",
              number);
  BRINK_HOLDS(end != layout::kEndedRefused || refusal > 0, "client %zu: refused for no reason", number);
  if ((words[layout::kLoggedFlags] & layout::kFlagLoggedNone) == 0) {
    BRINK_HOLDS(words[layout::kLoggedSequence] == logged.requests, "client %zu: request %u is logged as the %uth",
                number, words[layout::kLoggedSequence], logged.requests);
    logged.requests++;
  }
  logged.bytes_in += whole_of(words + layout::kLoggedInLow);
  logged.bytes_out += whole_of(words + layout::kLoggedOutLow);
  logged.are_all_answered &= end == layout::kEndedAnswered;
  const Conversation& conversation = conversations[number];
  BRINK_HOLDS(logged.bytes_in <= client.sent.size(), "client %zu: more is logged than it has sent", number);
  BRINK_HOLDS(logged.bytes_out <= conversation.sent_bytes, "client %zu: more is logged than it was sent", number);
  if (end == layout::kEndedAnswered && !conversation.is_given_up) check_answer(words, conversation);
}

void Logged::check_answer(const uint32_t* words, const Conversation& conversation) const {
  size_t number = conversation.hearing.number();
  uint32_t sequence = words[layout::kLoggedSequence], status = words[layout::kLoggedStatus] & 0xffff;
  BRINK_HOLDS(conversation.transcript.complete() > sequence, "client %zu: request %u is logged as answered, and is not",
              number, sequence);
  const Expected* given = conversation.transcript.find(sequence);
  bool is_framed = given && given->framing < Framing::as_given;
  bool is_it = !is_framed || status == given->status || (given->can_be_refused() && status == 500);
  BRINK_HOLDS(is_it, "client %zu: request %u was answered with %u, and is logged with %u", number, sequence,
              given ? given->status : 0u, status);
}

void Logged::check_all_are_there(const FakeKernel& kernel, const std::deque<Conversation>& conversations) const {
  for (size_t number = 0; number < kernel.clients(); number++) {
    const Conversation& conversation = conversations[number];
    auto found = clients_.find(number);
    OfClient logged = found == clients_.end() ? OfClient() : found->second;
    BRINK_HOLDS(logged.requests >= conversation.hearing.requests(), "client %zu: %u requests, and %u of them logged",
                number, conversation.hearing.requests(), logged.requests);
    bool is_exact = logged.are_all_answered && logged.requests > 0 && !conversation.is_given_up;
    BRINK_HOLDS(!is_exact || logged.bytes_out == conversation.sent_bytes,
                "client %zu: was sent %llu bytes, and %llu are logged", number,
                static_cast<unsigned long long>(conversation.sent_bytes),
                static_cast<unsigned long long>(logged.bytes_out));
  }
}

void Logged::check_all_are_measured(const reactor::Metrics& metrics) const {
  double measured = 0, logged = 0;
  std::vector<double> row(layout::kMetricsRow);
  for (size_t route = 0; route < metrics.routes(); route++) {
    if (!metrics.read(route, row.data())) continue;
    measured = std::accumulate(row.begin() + layout::kMetricsRequests, row.begin() + layout::kMetricsSum, measured);
  }
  for (const auto& [number, client] : clients_) logged += client.requests;
  BRINK_HOLDS(measured == logged, "%.0f requests are logged, and %.0f measured", logged, measured);
}

void Logged::check_all_are_measured(const reactor::Measurements& measured, uint64_t accepted) const {
  std::vector<double> figures(layout::kMeasuredLoop + layout::kMeasuredRun), numbers, counts;
  auto sum_of = [](const std::vector<double>& of, size_t from, size_t size) {
    auto begin = of.begin() + static_cast<ptrdiff_t>(from);
    return std::accumulate(begin, begin + static_cast<ptrdiff_t>(size), 0.0);
  };
  measured.read_loop(figures.data());
  double begun = figures[layout::kMeasuredRequests], logged = 0, ended = 0, answered = 0, bytes_in = 0, bytes_out = 0;
  double closed = sum_of(figures, layout::kMeasuredIdleCloses, layout::kMeasuredCauses), timed = 0;
  double logged_in = 0, logged_out = 0;
  for (const auto& [number, client] : clients_) {
    logged += client.requests;
    logged_in += static_cast<double>(client.bytes_in);
    logged_out += static_cast<double>(client.bytes_out);
  }
  for (size_t run = 0; run < reactor::Measurements::kRuns; run++) {
    if (!measured.read_run(run, figures.data())) continue;
    double closes = sum_of(figures, layout::kMeasuredCloses, layout::kMeasuredCauses);
    double each = sum_of(figures, layout::kMeasuredRequestsEach, layout::kMetricsBatchSizes);
    BRINK_HOLDS(closes == each && closes <= figures[layout::kMeasuredConnections],
                "run %zu: %.0f connections, %.0f ends of them, and %.0f counts of requests", run,
                figures[layout::kMeasuredConnections], closes, each);
    closed += closes;
    counts.resize(measured.service_times(run)->size());
    measured.service_times(run)->read(counts.data(), counts.size());
    double of_run = sum_of(counts, 0, counts.size());
    timed += of_run;
    counts.resize(measured.client_waits(run)->size());
    measured.client_waits(run)->read(counts.data(), counts.size());
    BRINK_HOLDS(of_run == sum_of(counts, 0, counts.size()), "run %zu: a service time for each wait", run);
    numbers.clear();
    measured.read_numbers(run, numbers);
    for (size_t at = 0; at < numbers.size();) {
      ended += sum_of(numbers, at + layout::kMeasuredEndsAt, layout::kMeasuredEnds);
      answered += numbers[at + layout::kMeasuredEndsAt + layout::kEndedAnswered];
      bytes_in += numbers[at + layout::kMeasuredBytesIn];
      bytes_out += numbers[at + layout::kMeasuredBytesOut];
      at += layout::kMeasuredStatuses + 3 * static_cast<size_t>(numbers[at + layout::kMeasuredStatusCount]);
    }
  }
  BRINK_HOLDS(begun == ended, "%.0f requests have begun, and %.0f ended", begun, ended);
  BRINK_HOLDS(ended == logged, "%.0f requests are logged, and %.0f measured by number", logged, ended);
  BRINK_HOLDS(timed == answered, "%.0f requests are answered, and %.0f have times", answered, timed);
  BRINK_HOLDS(bytes_in <= logged_in && bytes_out <= logged_out, "more bytes are measured than logged");
  BRINK_HOLDS(closed == static_cast<double>(accepted), "%llu connections, and %.0f ends of them",
              static_cast<unsigned long long>(accepted), closed);
}

}  // namespace brink::fuzz
