#include "abi/w3bstream/resources.hpp"

namespace mortise::abi::w3bstream {

namespace {

constexpr std::size_t kMostResources = 65'536;
constexpr std::size_t kSearched = 16;
constexpr std::size_t kKeptBuffers = 64;             // what an unusual event needed is not kept for good
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

}  // namespace

ResourceTable::Entry* ResourceTable::entry(std::uint32_t rid) noexcept {
    if (!index_.empty()) {
        const auto found = index_.find(rid);
        return found == index_.end() ? nullptr : &entries_[found->second];
    }
    for (std::size_t i = 0; i < used_; ++i) {
        if (entries_[i].rid == rid) return &entries_[i];
    }
    return nullptr;
}

std::optional<BytesView> ResourceTable::find(std::uint32_t rid) const noexcept {
    const Entry* found = const_cast<ResourceTable*>(this)->entry(rid);
    if (found == nullptr) return std::nullopt;
    return found->view;
}

ResourceTable::Entry& ResourceTable::add(std::uint32_t rid) {
    if (used_ == entries_.size()) entries_.emplace_back();
    if (used_ == kSearched) {
        for (std::size_t i = 0; i < used_; ++i) index_[entries_[i].rid] = i;
    }
    if (used_ >= kSearched) index_[rid] = used_;
    Entry& added = entries_[used_++];
    added.rid = rid;
    added.lent = false;
    added.view = {};
    return added;
}

void ResourceTable::lend(std::uint32_t rid, BytesView payload) {
    Entry* found = entry(rid);
    if (found == nullptr) found = &add(rid);
    found->lent = true;
    found->view = payload;
}

bool ResourceTable::set(std::uint32_t rid, BytesView bytes, std::uint64_t most_bytes) {
    Entry* found = entry(rid);
    const std::uint64_t before = found == nullptr || found->lent ? 0 : found->view.size();
    if (bytes.size() > most_bytes || bytes_ - before > most_bytes - bytes.size()) return false;
    if (found == nullptr) {
        if (used_ == kMostResources) return false;
        found = &add(rid);
    }
    bytes_ = bytes_ - before + bytes.size();
    if (pins_ != 0 && !found->owned.empty()) {
        bytes_ += before;   // it lives on until the event ends, so it counts
        retired_.push_back(std::move(found->owned));
    }
    found->owned.assign(bytes.begin(), bytes.end());
    found->lent = false;
    found->view = found->owned;
    return true;
}

void ResourceTable::clear() noexcept {
    index_.clear();
    retired_.clear();
    if (used_ > kKeptBuffers) entries_.resize(kKeptBuffers);
    if (bytes_ > kKeptBytes) entries_.clear();
    used_ = 0;
    bytes_ = 0;
}

Resources ResourceTable::take() {
    Resources all;
    for (std::size_t i = 0; i < used_; ++i) {
        Entry& taken = entries_[i];
        if (!taken.lent) all.emplace_back(taken.rid, std::move(taken.owned));
    }
    clear();
    return all;
}

}  // namespace mortise::abi::w3bstream
