# SPDX-License-Identifier: Apache-2.0
# The words of dygw-doctor, in English and in Chinese: tables alone, see Doctor::Show. Here is what
# is examined; what may be wrong is in WordsInside.pm, as the gateway finds it, and in
# WordsOutside.pm, as this program finds it.
package Doctor::Words;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

use Doctor::WordsInside qw(%INSIDE);
use Doctor::WordsOutside qw(%OUTSIDE);

our @EXPORT_OK = qw(%FACTS %STATES @SUMMARY %TEXTS %TITLES);

our %STATES = (pass => ['pass', '通过'], warn => ['warn', '警告'], fail => ['FAIL', '失败'],
               skipped => ['skip', '跳过']);

our @SUMMARY = ('{all} checks; failed: {fail}; warnings: {warn}',
                '共 {all} 项：失败 {fail} 项，警告 {warn} 项');

# What is examined, and what of its facts is shown. {field} stands for a fact.
our %TITLES = (
    gateway => ['Gateway', '网关'],
    clock => ['Clock of this machine and the gateway', '本机与网关的时钟'],
    site => ['{origin}, from outside', '从外部访问 {origin}'],
    open => ['/open, {at}', '/open 接口, {at}'],
    internal => ['/internal, {at}', '/internal 接口, {at}'],
    health => ['/health, {at}', '/health 接口, {at}'],
    health_check => ['/health, {member} {word}', '/health 接口, {member} {word}'],
    upstream => ['Upstream', '上游'],
    douyin_connection => ['DNS, connection and TLS to Douyin', '到抖音的DNS、连接与TLS'],
    douyin_clock => ['Clock of the gateway and Douyin', '网关与抖音的时钟'],
    secret => ['Client key and secret', '应用的client_key与密钥'],
    token => ['Access token', 'access_token'],
    address => ['Allow-listed address', 'IP白名单'],
    authorisation => ['Authorisation by the merchant', '商家授权'],
    scope_certificate => ['Permission to redeem, {scope}', '团购核销能力 {scope}'],
    scope_store => ['Permission for stores, {scope}', '门店能力 {scope}'],
    scope_order => ['Permission for orders, {scope}', '订单查询能力 {scope}'],
    scope_billing => ['Permission for verify records, {scope}', '验券历史能力 {scope}'],
    scope_ledger => ['Permission for the settlement ledger, {scope}', '分账账单能力 {scope}'],
    accounts => ['Accounts of the merchants', '各商家账户'],
    store => ['Store {poi_id}', '门店 {poi_id}'],
    declared_store => ['Declared store {store}, {poi_id}', '已声明门店 {store}, {poi_id}'],
    declared_stores => ['Declared stores', '已声明的门店'],
    declared_file => ['File of stores {file}', '门店文件 {file}'],
    declared_app => ['Declared app {app}', '已声明应用 {app}'],
    declared_apps => ['Declared apps', '已声明的应用'],
    declared_host => ['Declared apps of host {host}', '主机 {host} 声明的应用'],
    database => ['Database, {driver}', '数据库 {driver}'],
    database_clock => ['Clock of the gateway and the database', '网关与数据库的时钟'],
    schema => ['Schema of the database', '数据库结构'],
    connections => ['Connections to the database server', '数据库服务器的连接数'],
    master_key => ['Master key', '主密钥'],
    worker => ['Background work', '后台任务'],
    nonces => ['Table of nonces', 'nonce表'],
    pool => ['Pool of database connections', '数据库连接池'],
);
our %FACTS = (
    gateway => ['version {version}', '版本 {version}'],
    clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    internal => ['{answered}', '{answered}'],
    authorisation => ['account {account_id}', '账户 {account_id}'],
    store => ['declared as {store}', '声明为 {store}'],
    declared_stores => ['{right} of {stores} are right', '{stores} 家中 {right} 家正确'],
    declared_apps => ['{declared} declared, {wrong} of them in trouble',
                      '已声明 {declared} 个，其中 {wrong} 个有问题'],
    douyin_connection => ['{took_us} us', '{took_us} 微秒'],
    douyin_clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    token => ['version {version}, good for {expires_in} s', '版本 {version}，剩余 {expires_in} 秒'],
    database => ['round trip {round_trip_us} us', '往返 {round_trip_us} 微秒'],
    database_clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    schema => ['version {version}, needed {wanted}', '版本 {version}，需要 {wanted}'],
    connections => ['this host may open {needed} of {max_connections}',
                    '本机最多占用 {needed}，服务器允许 {max_connections}'],
    master_key => ['opens {opened} secrets, the old key {opened_with_old_key}; {not_opened} do not '
                       . 'open',
                   '可解开 {opened} 个，旧密钥解开 {opened_with_old_key} 个，无法解开 {not_opened} 个'],
    worker => ['renewed {age_ms} ms ago', '{age_ms} 毫秒前续期'],
    nonces => ['{held} of {capacity} in use; room for {per_second} requests a second',
               '已用 {held} / {capacity}，可承受每秒 {per_second} 次请求'],
    pool => ['DBDMax {dbd_max}, DBDKeep {dbd_keep}, {threads} threads a child, {children} children',
             'DBDMax {dbd_max}，DBDKeep {dbd_keep}，每个子进程 {threads} 个线程，最多 {children} 个子进程'],
);

# By reason, or by name.reason or name.reason.error_code where it is another matter: what is wrong
# and what to do, in English and in Chinese. An empty remedy: nothing, or what another line says.
# The most special text counts whose facts are all there.
our %TEXTS = (%INSIDE, %OUTSIDE);

1;
