// SPDX-License-Identifier: Apache-2.0
// Redeems a coupon as a plain Go server would: net/http, pgx with its pool. Only for t/bench/run peers.
// From the environment: PEER_PORT, PEER_UPSTREAM, PEER_TOKEN, PEER_ACCOUNT, PEER_KEY, PEER_SECRET, PEER_DATABASE and
// PEER_DIR, where the two statements are.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

const (
	certificates = "/goodlife/v1/fulfilment/certificate/"
	epochMs      = 1704067200000 // ids are made of the time, as the gateway makes them
)

type prepared struct {
	Data struct {
		ErrorCode    int    `json:"error_code"`
		VerifyToken  string `json:"verify_token"`
		OrderID      string `json:"order_id"`
		Certificates []struct {
			ID         json.Number `json:"certificate_id"`
			Encrypted  string      `json:"encrypted_code"`
			ExpireTime int64       `json:"expire_time"`
			Sku        struct {
				ID    string `json:"sku_id"`
				Title string `json:"title"`
			} `json:"sku"`
			Amount struct {
				Pay int64 `json:"pay_amount"`
			} `json:"amount"`
		} `json:"certificates"`
	} `json:"data"`
}

type verified struct {
	Data struct {
		ErrorCode int `json:"error_code"`
		Results   []struct {
			Result   int    `json:"result"`
			VerifyID string `json:"verify_id"`
		} `json:"verify_results"`
	} `json:"data"`
}

var (
	env            = os.Getenv
	upstream       = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 5 * time.Second}
	pool           *pgxpool.Pool
	insert, settle string
	nonces         sync.Map
	serial         int64
	errUpstream    = errors.New("no such answer from upstream")
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func isSigned(r *http.Request, body []byte) bool {
	stamp, nonce := r.Header.Get("X-Timestamp"), r.Header.Get("X-Nonce")
	seconds, _ := strconv.ParseInt(stamp, 10, 64)
	age := time.Now().Unix() - seconds
	mac := hmac.New(sha256.New, []byte(env("PEER_SECRET")))
	mac.Write([]byte(r.Method + "\n" + r.RequestURI + "\n" + stamp + "\n" + nonce + "\n" + hash(string(body)) + "\n"))
	if r.Header.Get("X-Client-Key") != env("PEER_KEY") || age < -300 || age > 300 ||
		!hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("X-Signature"))) {
		return false
	}
	_, seen := nonces.LoadOrStore(nonce, seconds)
	return !seen
}

func ask(method, target string, body []byte, into interface{}) ([]byte, error) {
	request, err := http.NewRequest(method, env("PEER_UPSTREAM")+certificates+target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("access-token", env("PEER_TOKEN"))
	request.Header.Set("content-type", "application/json")
	request.Header.Set("Rpc-Transit-Life-Account", env("PEER_ACCOUNT"))
	answer, err := upstream.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return text, json.Unmarshal(text, into)
}

func redeem(code, poi string) (map[string]interface{}, error) {
	var p prepared
	var v verified
	first, err := ask("GET", "prepare/?code="+url.QueryEscape(code)+"&poi_id="+url.QueryEscape(poi), nil, &p)
	if err != nil {
		return nil, err
	}
	if p.Data.ErrorCode != 0 || len(p.Data.Certificates) == 0 {
		return nil, errUpstream
	}
	c, now := p.Data.Certificates[0], time.Now().UnixMilli()
	id := (now-epochMs)<<12 + atomic.AddInt64(&serial, 1)&4095
	request := strconv.FormatInt(id, 36)
	done, err := pool.Exec(context.Background(), insert, id, poi, c.ID.String(), c.Encrypted, code, c.Sku.ID,
		c.Sku.Title, p.Data.OrderID, c.Amount.Pay, c.ExpireTime*1000, now, request, p.Data.VerifyToken, now+30000,
		hash(p.Data.VerifyToken+c.Encrypted), hash(request), env("PEER_ACCOUNT"))
	if err != nil || done.RowsAffected() != 1 {
		return nil, errors.New("not inserted")
	}
	body, _ := json.Marshal(map[string]interface{}{"verify_token": p.Data.VerifyToken, "poi_id": poi,
		"encrypted_codes": []string{c.Encrypted}})
	second, err := ask("POST", "verify/", body, &v)
	if err != nil {
		return nil, err
	}
	if v.Data.ErrorCode != 0 || len(v.Data.Results) != 1 || v.Data.Results[0].Result != 0 {
		return nil, errUpstream
	}
	now = time.Now().UnixMilli()
	both := `{"prepare":` + string(first) + `,"verify":` + string(second) + `}`
	done, err = pool.Exec(context.Background(), settle, id, v.Data.Results[0].VerifyID, now, now+3600000, both)
	if err != nil || done.RowsAffected() != 1 {
		return nil, errors.New("not settled")
	}
	return map[string]interface{}{"id": strconv.FormatInt(id, 10), "verify_status": "success", "poi_id": poi,
		"certificate_id": c.ID.String(), "order_id": p.Data.OrderID, "product_name": c.Sku.Title,
		"verify_id": v.Data.Results[0].VerifyID, "pay_amount": c.Amount.Pay, "verify_time": now}, nil
}

func serve(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Code  string `json:"code"`
		PoiID string `json:"poi_id"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 65536))
	w.Header().Set("Content-Type", "application/json")
	if err != nil || !isSigned(r, body) || json.Unmarshal(body, &asked) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	data, err := redeem(asked.Code, asked.PoiID)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	text, _ := json.Marshal(map[string]interface{}{"code": 0, "data": map[string]interface{}{
		"verifications": []interface{}{data}}})
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Write(text)
}

func main() {
	one, err := os.ReadFile(env("PEER_DIR") + "/insert.sql")
	must(err)
	two, err := os.ReadFile(env("PEER_DIR") + "/settle.sql")
	must(err)
	insert, settle = string(one), string(two)
	pool, err = pgxpool.Connect(context.Background(), "host="+env("PEER_DATABASE")+
		" port=5432 dbname=dygw user=dygw sslmode=disable pool_max_conns=32")
	must(err)
	http.HandleFunc("/v1/open/coupons/verify", serve)
	must(http.ListenAndServe("127.0.0.1:"+env("PEER_PORT"), nil))
}
