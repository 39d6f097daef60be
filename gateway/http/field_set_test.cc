#include "gateway/http/field_set.h"

#include <gmock/gmock.h>

namespace sallyport::http {
namespace {

using testing::ElementsAre;

TEST(FieldSet, HasItsNamesInAnyCaseAndNoLookAlike) {
  const FieldSet set({"Accept", "x-fapi-interaction-id", "DPoP", "Origin"});
  for (const char* name : {"accept", "ACCEPT", "X-Fapi-Interaction-Id", "dpop", "origin"}) {
    EXPECT_TRUE(set.contains(name)) << name;
  }
  for (const char* name : {"", "Accepts", "Accep", "x_fapi_interaction_id", "x.fapi.interaction.id",
                           "Cookie", "Expect"}) {
    EXPECT_FALSE(set.contains(name)) << name;
  }
}

TEST(FieldSet, NamesOfEverySizeAreFound) {
  for (std::size_t size = 1; size < 200; ++size) {
    const FieldSet set({std::string(size, 'A'), "b", std::string(64, 'c')});
    EXPECT_TRUE(set.contains(std::string(size, 'a'))) << size;
    EXPECT_FALSE(set.contains(std::string(size + 1, 'a'))) << size;
    EXPECT_TRUE(set.contains("B"));
    EXPECT_TRUE(set.contains(std::string(64, 'C')));
    EXPECT_FALSE(set.contains(std::string(size, 'd'))) << size;
  }
}

TEST(FieldSet, WithoutNamesItHasNone) {
  const FieldSet set({});
  EXPECT_FALSE(set.contains("Accept"));
  EXPECT_FALSE(set.contains(""));
}

TEST(FieldSet, TellsEachNameOnce) {
  EXPECT_THAT(FieldSet({"Range", "DPoP", "range", "accept"}).names(),
              ElementsAre("dpop", "range", "accept"));
}

}  // namespace
}  // namespace sallyport::http
