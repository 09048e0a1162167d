// Command cloudflare stands in for the part of Cloudflare's API that external-dns uses: one zone and its
// records. It keeps them in memory, records every call, and says so in every line that it logs.
//
// Beside Cloudflare's paths it serves GET /records, what the zone holds, and GET /calls, every change that
// was asked for, in order.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetPrefix("stand-in for Cloudflare: ")
	address := flag.String("address", "127.0.0.1:8787", "where to listen")
	zone := flag.String("zone", "example.com", "the zone's name")
	token := flag.String("token", "", "the token that callers must send")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Addr: *address, Handler: newZone(*zone, *token).handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	log.Printf("serving zone %s on %s", *zone, *address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
