// The Python handle of a merged base, shared by the files that bind merging and finding.
#pragma once

#include <atomic>
#include <utility>

#include "klientela/dedupe/merge.hpp"
#include "stages.hpp"

namespace klientela::python {

/// A merged base for one thread at a time: another one, or a survivorship function that comes back to it, is refused.
struct PyMergedBase {
  explicit PyMergedBase(MergedBase made) : merged(std::move(made)) {}
  MergedBase merged;
  std::atomic<bool> busy{false};
};

class InUse {
 public:
  explicit InUse(const PyMergedBase& base) : busy_(const_cast<PyMergedBase&>(base).busy) {
    if (busy_.exchange(true))
      throw Error(Code::invalid_argument,
                  "this MergedBase is in use by another thread, or by the call that asked the survivorship function",
                  "self");
  }
  ~InUse() { busy_.store(false); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  std::atomic<bool>& busy_;
};

}  // namespace klientela::python
