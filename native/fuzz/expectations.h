// What the replies in a block ask for, read independently of the reactor: which client is to be told what. Called
// before the reactor sees them.
#pragma once

#include <vector>

#include "fuzz/transcript.h"
#include "reactor/inspection.h"

namespace brink::fuzz {

void expect_replies(const reactor::Replies& replies, const reactor::Inspection& reactor,
                    std::vector<Transcript>& transcripts);

}  // namespace brink::fuzz
