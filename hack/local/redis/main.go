// Command redis is an in-memory Redis for Argo CD, so that none has to be installed.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	address := flag.String("address", "127.0.0.1:6379", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(*address); err != nil {
		log.Fatalf("listening on %s: %v", *address, err)
	}
	defer server.Close()
	log.Printf("listening on %s", *address)
	expire(ctx, server)
}

// expire lets time pass for the keys: miniredis leaves that to its owner.
func expire(ctx context.Context, server *miniredis.Miniredis) {
	const interval = time.Second
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			server.FastForward(interval)
		}
	}
}
