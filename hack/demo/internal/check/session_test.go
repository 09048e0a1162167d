package check

import "testing"

// Ages are of one unit or of two, as kubectl has them.
func TestWhatIsAnotherAtEachRunIsNotCompared(t *testing.T) {
	const want = "ok hoge-dev True 2/2 AGE COMMIT pods: 50"
	for _, text := range []string{
		"ok   hoge-dev   True   2/2   13m   0a1b2c3 pods: 50", "ok hoge-dev True 2/2 3m41s 9f8e7d6 pods: 50",
		"ok hoge-dev True 2/2 5s 9f8e7d6 pods: 50", "ok hoge-dev True 2/2 2y17d 9f8e7d6 pods: 50", "ok hoge-dev True 2/2 4h3m 9f8e7d6 pods: 50",
	} {
		if got := lasting(text); got != want {
			t.Errorf("of %q stays %q", text, got)
		}
	}
	if lasting("3m41 1.2.3 60") != "3m41 1.2.3 60" {
		t.Error("what is no age is taken for one")
	}
}
